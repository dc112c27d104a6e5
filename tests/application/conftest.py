from tests.support.compose_project import project

__all__ = ["project"]
