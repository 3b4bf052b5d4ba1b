"""Stand-ins for list managers: real HTTP servers on loopback whose failures are fields."""
