"""The command line, as its users meet it: real processes, real pipes, a real server on the loopback."""
