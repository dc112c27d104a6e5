from tests.support.board import board, make_board, make_line, make_mark
from tests.support.chromium import chromium

__all__ = ["board", "chromium", "make_board", "make_line", "make_mark"]
