"""Shards: one run, divided over machines and joined to the verdict that it would have had."""
