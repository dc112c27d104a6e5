"""Diagnosis: what went wrong in one sentence, from facts alone; where they do not decide, none."""
