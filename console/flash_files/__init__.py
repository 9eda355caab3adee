"""Flash files: reading, checking and signing them; the only user of bincopy and cryptography."""
