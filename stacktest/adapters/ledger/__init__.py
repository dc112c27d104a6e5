"""The files of the ledger and of `.stacktest/`: evidence, locks, keys and journals."""
