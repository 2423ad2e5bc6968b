"""Tests of connect and EventSource, sync and async, with httpx and httpx2, against a server on the loopback."""
