"""ODX written by hand, a little at a time: what other tools may write and this program's author does not."""

from __future__ import annotations

from workshop_console.console.model.description import ImportedDescription, ImportedUnit

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ODX MODEL-VERSION="2.2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)
INDEX = "<CATALOG><SHORT-NAME>handmade</SHORT-NAME></CATALOG>"

_TEXT_DOP = """<DATA-OBJECT-PROPS><DATA-OBJECT-PROP ID="CS.text"><SHORT-NAME>text</SHORT-NAME>
<COMPU-METHOD><CATEGORY>IDENTICAL</CATEGORY></COMPU-METHOD>
<DIAG-CODED-TYPE BASE-DATA-TYPE="A_UNICODE2STRING" xsi:type="STANDARD-LENGTH-TYPE"><BIT-LENGTH>16</BIT-LENGTH>
</DIAG-CODED-TYPE><PHYSICAL-TYPE BASE-DATA-TYPE="A_UNICODE2STRING"/></DATA-OBJECT-PROP></DATA-OBJECT-PROPS>"""


def _comparam(name: str) -> str:
    return (
        f'<COMPARAM ID="CS.{name}" PARAM-CLASS="COM" CPTYPE="STANDARD" CPUSAGE="ECU-COMM">'
        f"<SHORT-NAME>{name}</SHORT-NAME><PHYSICAL-DEFAULT-VALUE>0</PHYSICAL-DEFAULT-VALUE>"
        '<DATA-OBJECT-PROP-REF ID-REF="CS.text"/></COMPARAM>'
    )


def _table(identifier: str, *names: str) -> str:
    return (
        f'<COMPLEX-COMPARAM ID="CS.{identifier}" PARAM-CLASS="UNIQUE_ID" CPTYPE="STANDARD" '
        'CPUSAGE="ECU-COMM" ALLOW-MULTIPLE-VALUES="true"><SHORT-NAME>CP_UniqueRespIdTable</SHORT-NAME>'
        + "".join(_comparam(name) for name in names)
        + "</COMPLEX-COMPARAM>"
    )


SIMPLE = (
    *("CP_P2Max", "CP_P2Star", "CP_RC78CompletionTimeout", "CP_RC21CompletionTimeout"),
    *("CP_RepeatReqCountApp", "CP_CanFuncReqId"),
)
SUBSET = (
    HEAD
    + '<COMPARAM-SUBSET ID="CS" CATEGORY="TRANSPORT"><SHORT-NAME>CS</SHORT-NAME><COMPARAMS>'
    + "".join(map(_comparam, SIMPLE))
    + "</COMPARAMS><COMPLEX-COMPARAMS>"
    + _table("can", "CP_CanPhysReqFormat", "CP_CanPhysReqId", "CP_CanRespUSDTFormat", "CP_CanRespUSDTId")
    + _table("doip", "CP_DoIPLogicalEcuAddress")
    + f"</COMPLEX-COMPARAMS>{_TEXT_DOP}</COMPARAM-SUBSET></ODX>"
)
SPEC = (
    HEAD + '<COMPARAM-SPEC ID="SPEC"><SHORT-NAME>SPEC</SHORT-NAME><PROT-STACKS><PROT-STACK ID="SPEC.stack">'
    "<SHORT-NAME>stack</SHORT-NAME><PDU-PROTOCOL-TYPE>ISO_15765_3_on_ISO_15765_2</PDU-PROTOCOL-TYPE>"
    "<PHYSICAL-LINK-TYPE>ISO_11898_2_DWCAN</PHYSICAL-LINK-TYPE><COMPARAM-SUBSET-REFS>"
    '<COMPARAM-SUBSET-REF ID-REF="CS" DOCREF="CS" DOCTYPE="COMPARAM-SUBSET"/></COMPARAM-SUBSET-REFS>'
    "</PROT-STACK></PROT-STACKS></COMPARAM-SPEC></ODX>"
)

CAN_ADDRESS = """<COMPARAM-REF ID-REF="CS.can" DOCREF="CS" DOCTYPE="COMPARAM-SUBSET"><COMPLEX-VALUE>
<SIMPLE-VALUE>{form}</SIMPLE-VALUE><SIMPLE-VALUE>{request}</SIMPLE-VALUE>
<SIMPLE-VALUE>{form}</SIMPLE-VALUE><SIMPLE-VALUE>{response}</SIMPLE-VALUE></COMPLEX-VALUE></COMPARAM-REF>"""
NORMAL = "normal segmented 11-bit transmit with FC"


def can_address(request: object, response: object, form: str = NORMAL) -> str:
    """Return the communication parameter with the CAN identifiers of a layer."""
    return CAN_ADDRESS.format(request=request, response=response, form=form)


def doip_address(logical: object) -> str:
    """Return the communication parameter with the logical address of a layer."""
    return (
        '<COMPARAM-REF ID-REF="CS.doip" DOCREF="CS" DOCTYPE="COMPARAM-SUBSET"><COMPLEX-VALUE>'
        f"<SIMPLE-VALUE>{logical}</SIMPLE-VALUE></COMPLEX-VALUE></COMPARAM-REF>"
    )


def simple(name: str, value: object) -> str:
    """Return a simple communication parameter."""
    return (
        f'<COMPARAM-REF ID-REF="CS.{name}" DOCREF="CS" DOCTYPE="COMPARAM-SUBSET">'
        f"<SIMPLE-VALUE>{value}</SIMPLE-VALUE></COMPARAM-REF>"
    )


def coded(bits: int = 8, base: str = "A_UINT32", **attributes: str) -> str:
    """Return a coded type of fixed length; attributes with underscores for hyphens."""
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return (
        f'<DIAG-CODED-TYPE BASE-DATA-TYPE="{base}" xsi:type="STANDARD-LENGTH-TYPE"{more}>'
        f"<BIT-LENGTH>{bits}</BIT-LENGTH></DIAG-CODED-TYPE>"
    )


IDENTICAL = "<COMPU-METHOD><CATEGORY>IDENTICAL</CATEGORY></COMPU-METHOD>"


def scales(category: str, *items: str, default: str = "") -> str:
    """Return a conversion with the given COMPU-SCALEs."""
    return (
        f"<COMPU-METHOD><CATEGORY>{category}</CATEGORY><COMPU-INTERNAL-TO-PHYS><COMPU-SCALES>"
        + "".join(f"<COMPU-SCALE>{item}</COMPU-SCALE>" for item in items)
        + f"</COMPU-SCALES>{default}</COMPU-INTERNAL-TO-PHYS></COMPU-METHOD>"
    )


def dop(
    name: str,
    coded_type: str,
    method: str = IDENTICAL,
    physical: str = "A_UINT32",
    precision: int | None = None,
) -> str:
    """Return a simple data object."""
    inner = f"<PRECISION>{precision}</PRECISION>" if precision is not None else ""
    return (
        f'<DATA-OBJECT-PROP ID="{name}"><SHORT-NAME>{name}</SHORT-NAME>{method}{coded_type}'
        f'<PHYSICAL-TYPE BASE-DATA-TYPE="{physical}">{inner}</PHYSICAL-TYPE></DATA-OBJECT-PROP>'
    )


def const(name: str, value: int, position: int | None = None, bits: int = 8) -> str:
    """Return a constant parameter."""
    place = f"<BYTE-POSITION>{position}</BYTE-POSITION>" if position is not None else ""
    return (
        f'<PARAM xsi:type="CODED-CONST"><SHORT-NAME>{name}</SHORT-NAME>{place}'
        f"<CODED-VALUE>{value}</CODED-VALUE>{coded(bits)}</PARAM>"
    )


def value(name: str, dop_id: str, position: int | None = None, bit: int = 0, default: str = "") -> str:
    """Return a parameter with a data object."""
    place = f"<BYTE-POSITION>{position}</BYTE-POSITION>" if position is not None else ""
    if bit:
        place += f"<BIT-POSITION>{bit}</BIT-POSITION>"
    if default:
        place += f"<PHYSICAL-DEFAULT-VALUE>{default}</PHYSICAL-DEFAULT-VALUE>"
    return (
        f'<PARAM xsi:type="VALUE"><SHORT-NAME>{name}</SHORT-NAME>{place}<DOP-REF ID-REF="{dop_id}"/></PARAM>'
    )


def echo(position: int = 1, length: int = 2) -> str:
    """Return the parameter of a response that repeats the request."""
    return (
        f'<PARAM xsi:type="MATCHING-REQUEST-PARAM"><SHORT-NAME>echo</SHORT-NAME>'
        f"<BYTE-POSITION>{position}</BYTE-POSITION><REQUEST-BYTE-POS>{position}</REQUEST-BYTE-POS>"
        f"<BYTE-LENGTH>{length}</BYTE-LENGTH></PARAM>"
    )


class Service:
    """One service with its request and its positive response."""

    def __init__(self, name: str, request: str, response: str) -> None:
        self.diag_comm = (
            f'<DIAG-SERVICE ID="DC.{name}"><SHORT-NAME>{name}</SHORT-NAME><REQUEST-REF ID-REF="RQ.{name}"/>'
            f'<POS-RESPONSE-REFS><POS-RESPONSE-REF ID-REF="PR.{name}"/></POS-RESPONSE-REFS></DIAG-SERVICE>'
        )
        self.request = (
            f'<REQUEST ID="RQ.{name}"><SHORT-NAME>RQ_{name}</SHORT-NAME><PARAMS>{request}</PARAMS></REQUEST>'
        )
        self.response = (
            f'<POS-RESPONSE ID="PR.{name}"><SHORT-NAME>PR_{name}</SHORT-NAME>'
            f"<PARAMS>{response}</PARAMS></POS-RESPONSE>"
        )


def reading(name: str, did: int, *parameters: str) -> Service:
    """Return the service that reads a data identifier."""
    return Service(
        name,
        const("sid", 0x22, 0) + const("did", did, 1, bits=16),
        const("sid", 0x62, 0) + echo() + "".join(parameters),
    )


def contents(*services: Service, dictionary: str = "") -> str:
    """Return what stands inside a layer after its name."""
    spec = f"<DIAG-DATA-DICTIONARY-SPEC>{dictionary}</DIAG-DATA-DICTIONARY-SPEC>" if dictionary else ""
    if not services:
        return spec
    return (
        f"{spec}<DIAG-COMMS>{''.join(s.diag_comm for s in services)}</DIAG-COMMS>"
        f"<REQUESTS>{''.join(s.request for s in services)}</REQUESTS>"
        f"<POS-RESPONSES>{''.join(s.response for s in services)}</POS-RESPONSES>"
    )


def dops(*items: str) -> str:
    """Return the part of a data dictionary that holds simple data objects."""
    return f"<DATA-OBJECT-PROPS>{''.join(items)}</DATA-OBJECT-PROPS>"


def base(name: str, inner: str = "", comparams: str = "", parents: str = "") -> str:
    """Return a base variant."""
    references = f"<COMPARAM-REFS>{comparams}</COMPARAM-REFS>" if comparams else ""
    return (
        f'<BASE-VARIANT ID="{name}"><SHORT-NAME>{name}</SHORT-NAME><LONG-NAME>Unit {name}</LONG-NAME>'
        f"{inner}{references}{parents}</BASE-VARIANT>"
    )


def variant(name: str, parent: str = "", inner: str = "", comparams: str = "", patterns: str = "") -> str:
    """Return an ECU variant of the base variant `parent` in the same document; empty: of none."""
    references = f"<COMPARAM-REFS>{comparams}</COMPARAM-REFS>" if comparams else ""
    holder = f"<ECU-VARIANT-PATTERNS>{patterns}</ECU-VARIANT-PATTERNS>" if patterns else ""
    parents = (
        f'<PARENT-REFS><PARENT-REF ID-REF="{parent}" xsi:type="BASE-VARIANT-REF"/></PARENT-REFS>'
        if parent
        else ""
    )
    return (
        f'<ECU-VARIANT ID="{name}"><SHORT-NAME>{name}</SHORT-NAME>{inner}{references}{holder}{parents}'
        "</ECU-VARIANT>"
    )


def pattern(*conditions: tuple[str, str, str]) -> str:
    """Return a variant pattern: service, parameter (a path has dots), expected value."""
    parameters = ""
    for service, parameter, expected in conditions:
        reference = (
            f'<OUT-PARAM-IF-SNPATHREF SHORT-NAME-PATH="{parameter}"/>'
            if "." in parameter
            else f'<OUT-PARAM-IF-SNREF SHORT-NAME="{parameter}"/>'
        )
        parameters += (
            f"<MATCHING-PARAMETER><EXPECTED-VALUE>{expected}</EXPECTED-VALUE>"
            f'<DIAG-COMM-SNREF SHORT-NAME="{service}"/>{reference}</MATCHING-PARAMETER>'
        )
    return (
        f"<ECU-VARIANT-PATTERN><MATCHING-PARAMETERS>{parameters}</MATCHING-PARAMETERS></ECU-VARIANT-PATTERN>"
    )


def document(*, bases: str = "", variants: str = "", name: str = "DLC") -> str:
    """Return a whole document with the given layers."""
    return (
        f'{HEAD}<DIAG-LAYER-CONTAINER ID="{name}"><SHORT-NAME>{name}</SHORT-NAME>'
        + (f"<BASE-VARIANTS>{bases}</BASE-VARIANTS>" if bases else "")
        + (f"<ECU-VARIANTS>{variants}</ECU-VARIANTS>" if variants else "")
        + "</DIAG-LAYER-CONTAINER></ODX>"
    )


U8 = dop("U8", coded(8))
U16 = dop("U16", coded(16))


def only(description: ImportedDescription) -> ImportedUnit:
    """Return the one unit of a description."""
    (unit,) = description.units
    return unit


def reasons(description: ImportedDescription) -> set[str]:
    """Return the reasons of all problems of an import."""
    return {problem.reason for problem in description.problems}


LIMITS = "<LOWER-LIMIT{low}</LOWER-LIMIT><UPPER-LIMIT{high}</UPPER-LIMIT>"


def texts(*entries: tuple[str, str, str], default: str = "") -> str:
    """Return a text table: lower limit, upper limit (both from the attributes on), text."""
    items = [
        LIMITS.format(low=low, high=high) + f"<COMPU-CONST><VT>{text}</VT></COMPU-CONST>"
        for low, high, text in entries
    ]
    tail = f"<COMPU-DEFAULT-VALUE><VT>{default}</VT></COMPU-DEFAULT-VALUE>" if default else ""
    return scales("TEXTTABLE", *items, default=tail)


def linear(offset: float, factor: float, divisor: float = 1) -> str:
    """Return the content of a COMPU-SCALE: (offset + factor * raw) / divisor."""
    return (
        f"<COMPU-RATIONAL-COEFFS><COMPU-NUMERATOR><V>{offset}</V><V>{factor}</V></COMPU-NUMERATOR>"
        f"<COMPU-DENOMINATOR><V>{divisor}</V></COMPU-DENOMINATOR></COMPU-RATIONAL-COEFFS>"
    )
