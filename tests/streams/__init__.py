"""iter_events and aiter_events, over real connections: real HTTP clients, and a server that does what a script says."""
