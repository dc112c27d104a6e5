"""The files that remember what was proved, and who may write them."""
