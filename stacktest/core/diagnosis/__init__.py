"""Diagnosis: the cause of a failure in one sentence, from facts only; none if there is doubt."""
