"""Flash files of the simulated vehicles, and the public key that they are signed with."""
