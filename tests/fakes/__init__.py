"""Stand-ins for the platforms on real loopback sockets, with faults to order."""
