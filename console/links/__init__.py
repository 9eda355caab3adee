"""The way to the vehicle: DoIP, CAN with ISO-TP, J2534. Only user of can and isotp."""
