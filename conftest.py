"""What every suite of this repository may use without asking."""

import pytest

pytest.register_assert_rewrite("fixtures")
