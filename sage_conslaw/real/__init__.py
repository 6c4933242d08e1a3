"""The real fields: gradients of the network that is trained, with its true nonlinearities, and certified ranks of what
they generate."""
