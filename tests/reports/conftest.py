from tests.support.board import board, make_board, make_line, make_mark

__all__ = ["board", "make_board", "make_line", "make_mark"]
