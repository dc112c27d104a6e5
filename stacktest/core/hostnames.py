"""Host names in one form: A-labels and short addresses internally, U-labels for people.

to_ascii("Bücher.home.lan.")            xn--bcher-kva.home.lan
to_ascii("[FD00::0:5]")                 fd00::5
to_unicode("xn--bcher-kva.home.lan")    bücher.home.lan

Clients, certificates and front doors compare A-labels, so names are converted before comparing.
"""

from ipaddress import IPv6Address


def to_ascii(host: str) -> str:
    """The name in lower case, as A-labels, without a dot at its end; a leading `*.` stays.

    An address of IPv6 becomes its shortest form, without brackets.
    """
    if ":" in host and (address := _ipv6(host)):
        return address
    return ".".join(_encoded(label) for label in host.lower().rstrip(".").split("."))


def to_unicode(host: str) -> str:
    """The name as people write it; what cannot be decoded stays as it is."""
    return ".".join(_decoded(label) for label in host.split("."))


def before_port(host: str) -> str:
    """The name or address as a URL has it before a port: `[::1]` for IPv6."""
    return f"[{host}]" if ":" in host else host


# Private


def _ipv6(host: str) -> str:
    try:
        return IPv6Address(host.removeprefix("[").removesuffix("]")).compressed
    except ValueError:
        return ""


def _encoded(label: str) -> str:
    if label.isascii():
        return label
    import idna

    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return label


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.decode(label)
    except idna.IDNAError:
        return label
