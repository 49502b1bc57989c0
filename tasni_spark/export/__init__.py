"""Tables of a lake in the formats that astronomers' tools read, with units and UCDs."""
