"""PassThru devices (SAE J2534-1, API 04.04) as a CAN bus like any other."""
