"""Tests of iter_events and aiter_events over real connections: real HTTP clients, and a scripted server."""
