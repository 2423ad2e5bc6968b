"""Tests of the pages in docs/: every example runs, and the tables about other libraries are true."""
