"""The status page: one offline HTML file."""
