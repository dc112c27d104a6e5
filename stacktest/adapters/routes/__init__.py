"""Host names and the services behind them, one module per source."""
