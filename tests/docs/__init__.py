"""Tests of the pages in docs/: every example runs, and what the tables say of others is so."""
