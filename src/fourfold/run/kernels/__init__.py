"""Kernels that start warm, and the client, engine and provisioner that use them."""
