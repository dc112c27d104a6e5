"""What one test run says about each service, and how runs compare over time."""
