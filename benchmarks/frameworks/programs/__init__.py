"""A program for each framework. Its `READERS`: by API, what makes the function that reads one stream of a URL."""
