"""What an engine of another library keeps beside positions: how a store holds it."""
