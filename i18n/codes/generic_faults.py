"""Common standardized fault codes; a description of the control unit says it better."""

from __future__ import annotations

from workshop_console.i18n.texts import mark

GENERIC_FAULTS = {
    0x0010: mark("Camshaft adjuster intake (bank 1), circuit"),  # P0010
    0x0011: mark("Camshaft intake (bank 1), timing too far advanced"),  # P0011
    0x0012: mark("Camshaft intake (bank 1), timing too far retarded"),  # P0012
    0x0016: mark("Crankshaft and camshaft (bank 1, sensor A) do not match"),  # P0016
    0x0030: mark("Oxygen sensor heater (bank 1, sensor 1), circuit"),  # P0030
    0x0031: mark("Oxygen sensor heater (bank 1, sensor 1), circuit low"),  # P0031
    0x0036: mark("Oxygen sensor heater (bank 1, sensor 2), circuit"),  # P0036
    0x0045: mark("Turbocharger boost control, circuit open"),  # P0045
    0x0087: mark("Fuel rail pressure too low"),  # P0087
    0x0088: mark("Fuel rail pressure too high"),  # P0088
    0x0089: mark("Fuel pressure regulator, function"),  # P0089
    0x0100: mark("Air mass sensor, circuit"),  # P0100
    0x0101: mark("Air mass sensor, range or function"),  # P0101
    0x0102: mark("Air mass sensor, signal low"),  # P0102
    0x0103: mark("Air mass sensor, signal high"),  # P0103
    0x0105: mark("Intake manifold pressure sensor, circuit"),  # P0105
    0x0106: mark("Intake manifold pressure sensor, range or function"),  # P0106
    0x0107: mark("Intake manifold pressure sensor, signal low"),  # P0107
    0x0108: mark("Intake manifold pressure sensor, signal high"),  # P0108
    0x0110: mark("Intake air temperature sensor, circuit"),  # P0110
    0x0112: mark("Intake air temperature sensor, signal low"),  # P0112
    0x0113: mark("Intake air temperature sensor, signal high"),  # P0113
    0x0115: mark("Coolant temperature sensor, circuit"),  # P0115
    0x0116: mark("Coolant temperature sensor, range or function"),  # P0116
    0x0117: mark("Coolant temperature sensor, signal low"),  # P0117
    0x0118: mark("Coolant temperature sensor, signal high"),  # P0118
    0x0120: mark("Throttle or pedal position sensor A, circuit"),  # P0120
    0x0121: mark("Throttle or pedal position sensor A, range or function"),  # P0121
    0x0122: mark("Throttle or pedal position sensor A, signal low"),  # P0122
    0x0123: mark("Throttle or pedal position sensor A, signal high"),  # P0123
    0x0125: mark("Coolant too cold for fuel control"),  # P0125
    0x0128: mark("Coolant stays below thermostat temperature"),  # P0128
    0x0130: mark("Oxygen sensor (bank 1, sensor 1), circuit"),  # P0130
    0x0131: mark("Oxygen sensor (bank 1, sensor 1), signal low"),  # P0131
    0x0132: mark("Oxygen sensor (bank 1, sensor 1), signal high"),  # P0132
    0x0133: mark("Oxygen sensor (bank 1, sensor 1), slow response"),  # P0133
    0x0134: mark("Oxygen sensor (bank 1, sensor 1), no activity"),  # P0134
    0x0135: mark("Oxygen sensor heater (bank 1, sensor 1), function"),  # P0135
    0x0136: mark("Oxygen sensor (bank 1, sensor 2), circuit"),  # P0136
    0x0141: mark("Oxygen sensor heater (bank 1, sensor 2), function"),  # P0141
    0x0170: mark("Fuel trim (bank 1)"),  # P0170
    0x0171: mark("Mixture too lean (bank 1)"),  # P0171
    0x0172: mark("Mixture too rich (bank 1)"),  # P0172
    0x0174: mark("Mixture too lean (bank 2)"),  # P0174
    0x0175: mark("Mixture too rich (bank 2)"),  # P0175
    0x0190: mark("Fuel rail pressure sensor, circuit"),  # P0190
    0x0191: mark("Fuel rail pressure sensor, range or function"),  # P0191
    0x0192: mark("Fuel rail pressure sensor, signal low"),  # P0192
    0x0193: mark("Fuel rail pressure sensor, signal high"),  # P0193
    0x0201: mark("Injector cylinder 1, circuit"),  # P0201
    0x0202: mark("Injector cylinder 2, circuit"),  # P0202
    0x0203: mark("Injector cylinder 3, circuit"),  # P0203
    0x0204: mark("Injector cylinder 4, circuit"),  # P0204
    0x0205: mark("Injector cylinder 5, circuit"),  # P0205
    0x0206: mark("Injector cylinder 6, circuit"),  # P0206
    0x0217: mark("Engine too hot"),  # P0217
    0x0219: mark("Engine overspeed"),  # P0219
    0x0230: mark("Fuel pump, primary circuit"),  # P0230
    0x0234: mark("Boost pressure too high"),  # P0234
    0x0235: mark("Boost pressure sensor A, circuit"),  # P0235
    0x0236: mark("Boost pressure sensor A, range or function"),  # P0236
    0x0299: mark("Boost pressure too low"),  # P0299
    0x0300: mark("Misfires in several cylinders"),  # P0300
    0x0301: mark("Misfires in cylinder 1"),  # P0301
    0x0302: mark("Misfires in cylinder 2"),  # P0302
    0x0303: mark("Misfires in cylinder 3"),  # P0303
    0x0304: mark("Misfires in cylinder 4"),  # P0304
    0x0305: mark("Misfires in cylinder 5"),  # P0305
    0x0306: mark("Misfires in cylinder 6"),  # P0306
    0x0307: mark("Misfires in cylinder 7"),  # P0307
    0x0308: mark("Misfires in cylinder 8"),  # P0308
    0x0325: mark("Knock sensor 1, circuit"),  # P0325
    0x0327: mark("Knock sensor 1, signal low"),  # P0327
    0x0330: mark("Knock sensor 2, circuit"),  # P0330
    0x0335: mark("Crankshaft position sensor A, circuit"),  # P0335
    0x0336: mark("Crankshaft position sensor A, range or function"),  # P0336
    0x0340: mark("Camshaft position sensor A (bank 1), circuit"),  # P0340
    0x0341: mark("Camshaft position sensor A (bank 1), range or function"),  # P0341
    0x0351: mark("Ignition coil A, circuit"),  # P0351
    0x0352: mark("Ignition coil B, circuit"),  # P0352
    0x0353: mark("Ignition coil C, circuit"),  # P0353
    0x0354: mark("Ignition coil D, circuit"),  # P0354
    0x0380: mark("Glow plug circuit A"),  # P0380
    0x0400: mark("Exhaust gas recirculation, flow"),  # P0400
    0x0401: mark("Exhaust gas recirculation, flow too small"),  # P0401
    0x0402: mark("Exhaust gas recirculation, flow too large"),  # P0402
    0x0403: mark("Exhaust gas recirculation A, control circuit"),  # P0403
    0x0404: mark("Exhaust gas recirculation A, range or function"),  # P0404
    0x0410: mark("Secondary air system"),  # P0410
    0x0420: mark("Catalyst efficiency too low (bank 1)"),  # P0420
    0x0430: mark("Catalyst efficiency too low (bank 2)"),  # P0430
    0x0440: mark("Fuel evaporation system"),  # P0440
    0x0441: mark("Fuel evaporation system, wrong purge flow"),  # P0441
    0x0442: mark("Fuel evaporation system, small leak"),  # P0442
    0x0455: mark("Fuel evaporation system, large leak"),  # P0455
    0x0456: mark("Fuel evaporation system, very small leak"),  # P0456
    0x0460: mark("Fuel level sensor A, circuit"),  # P0460
    0x0470: mark("Exhaust pressure sensor A, circuit"),  # P0470
    0x0480: mark("Fan 1, control circuit"),  # P0480
    0x0500: mark("Vehicle speed sensor A"),  # P0500
    0x0505: mark("Idle speed control"),  # P0505
    0x0506: mark("Idle speed too low"),  # P0506
    0x0507: mark("Idle speed too high"),  # P0507
    0x0520: mark("Oil pressure sensor A, circuit"),  # P0520
    0x0524: mark("Engine oil pressure too low"),  # P0524
    0x0544: mark("Exhaust temperature sensor (bank 1, sensor 1), circuit"),  # P0544
    0x0560: mark("System voltage"),  # P0560
    0x0562: mark("System voltage low"),  # P0562
    0x0563: mark("System voltage high"),  # P0563
    0x0571: mark("Brake light switch A, circuit"),  # P0571
    0x0600: mark("Serial communication"),  # P0600
    0x0601: mark("Control unit: checksum of the memory"),  # P0601
    0x0602: mark("Control unit: programming"),  # P0602
    0x0603: mark("Control unit: keep-alive memory"),  # P0603
    0x0604: mark("Control unit: working memory (RAM)"),  # P0604
    0x0605: mark("Control unit: program memory (ROM)"),  # P0605
    0x0606: mark("Control unit: processor"),  # P0606
    0x0620: mark("Alternator, control circuit"),  # P0620
    0x0638: mark("Throttle actuator (bank 1), range or function"),  # P0638
    0x0641: mark("Sensor supply voltage A, circuit open"),  # P0641
    0x0670: mark("Glow control unit, control circuit"),  # P0670
    0x0685: mark("Main relay, control circuit open"),  # P0685
    0x0700: mark("Transmission control system"),  # P0700
    0x0705: mark("Transmission range sensor A, circuit"),  # P0705
    0x0710: mark("Transmission fluid temperature sensor A, circuit"),  # P0710
    0x0715: mark("Turbine speed sensor A, circuit"),  # P0715
    0x0720: mark("Output speed sensor, circuit"),  # P0720
    0x0730: mark("Wrong gear ratio"),  # P0730
    0x0741: mark("Torque converter clutch, function or stuck off"),  # P0741
    0x0750: mark("Shift solenoid A"),  # P0750
    0x0A80: mark("High-voltage battery must be replaced"),  # P0A80
    0x0AA6: mark("High-voltage insulation fault"),  # P0AA6
    0x0C00: mark("Drive motor A, current too low"),  # P0C00
    0xC001: mark("High-speed CAN bus"),  # U0001
    0xC073: mark("Communication bus A off"),  # U0073
    0xC100: mark("No communication with the engine control unit A"),  # U0100
    0xC101: mark("No communication with the transmission control unit"),  # U0101
    0xC103: mark("No communication with the gear shift module A"),  # U0103
    0xC111: mark("No communication with the battery control unit A"),  # U0111
    0xC121: mark("No communication with the anti-lock brake control unit"),  # U0121
    0xC126: mark("No communication with the steering angle sensor"),  # U0126
    0xC128: mark("No communication with the parking brake control unit"),  # U0128
    0xC131: mark("No communication with the power steering control unit"),  # U0131
    0xC140: mark("No communication with the body control unit"),  # U0140
    0xC146: mark("No communication with the gateway A"),  # U0146
    0xC151: mark("No communication with the airbag control unit"),  # U0151
    0xC155: mark("No communication with the instrument cluster"),  # U0155
    0xC164: mark("No communication with the climate control unit"),  # U0164
    0xC184: mark("No communication with the radio"),  # U0184
    0xC199: mark("No communication with the driver’s door control unit"),  # U0199
    0xC200: mark("No communication with the passenger’s door control unit"),  # U0200
    0xC300: mark("Software of control units not compatible"),  # U0300
    0xC401: mark("Invalid data from the engine control unit A"),  # U0401
    0xC402: mark("Invalid data from the transmission control unit"),  # U0402
    0xC415: mark("Invalid data from the anti-lock brake control unit"),  # U0415
    0xC422: mark("Invalid data from the body control unit"),  # U0422
    0xC428: mark("Invalid data from the steering angle sensor"),  # U0428
    0xC447: mark("Invalid data from the gateway A"),  # U0447
}
"""First two bytes of the code: its meaning."""
