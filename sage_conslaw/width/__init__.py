"""Networks at the size at which they are trained: what small copies prove of every width."""
