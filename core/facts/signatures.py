"""The first bytes by which formats are known: data, and the function that looks them up.

A format is named by a short word (`jpeg`, `zip`, …). The words of formats that hold others (`zip`, `ole`, `isom`,
`riff`, `ogg`, `matroska`, `asf`, `gzip`) are looked into by `core.facts.containers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from core.facts.extensions import Kind

_AT_START: dict[Kind, dict[str, tuple[bytes, ...]]] = {
    "image": {
        "jpeg": (b"\xff\xd8\xff",),
        "png": (b"\x89PNG\r\n\x1a\n", b"\x8aMNG\r\n\x1a\n", b"\x8bJNG\r\n\x1a\n"),
        "gif": (b"GIF87a", b"GIF89a"),
        "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        "rw2": (b"IIU\0",),
        "orf": (b"IIRO", b"IIRS", b"MMOR"),
        "raf": (b"FUJIFILMCCD-RAW",),
        "crw": (b"II\x1a\0\0\0HEAPCCDR",),
        "x3f": (b"FOVb",),
        "mrw": (b"\0MRM",),
        "psd": (b"8BPS\0\x01", b"8BPS\0\x02"),
        "xcf": (b"gimp xcf ",),
        "jp2": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0"),
        "jxl": (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
        "exr": (b"\x76\x2f\x31\x01",),
        "hdr": (b"#?RADIANCE\n", b"#?RGBE\n"),
        "dds": (b"DDS |\0\0\0",),
        "qoi": (b"qoif",),
        "fits": (b"SIMPLE  =",),
        "icns": (b"icns",),
        "wmf": (b"\xd7\xcd\xc6\x9a\0\0", b"\x01\0\x09\0\0\x03"),
        "eps": (b"\xc5\xd0\xd3\xc6", b"%!PS-Adobe-3.0 EPSF", b"%!PS-Adobe-3.1 EPSF", b"%!PS-Adobe-2.0 EPSF"),
        "xpm": (b"/* XPM */",),
        "flif": (b"FLIF",),
        "bpg": (b"BPG\xfb",),
        "blp": (b"BLP1", b"BLP2"),
        "sgi": (b"\x01\xda\0\x01\0", b"\x01\xda\x01\x01\0", b"\x01\xda\0\x02\0", b"\x01\xda\x01\x02\0"),
        "pcx": (
            b"\x0a\x05\x01\x08",
            b"\x0a\x05\x01\x01",
            b"\x0a\x03\x01\x08",
            b"\x0a\x02\x01\x01",
            b"\x0a\x05\x01\x02",
        ),
        "dcx": (b"\xb1\x68\xde\x3a",),
        "sun": (b"\x59\xa6\x6a\x95",),
        "ktx": (b"\xabKTX ",),
        "msp": (b"DanM", b"LinS"),
    },
    "video": {
        "mpeg": (b"\0\0\x01\xba", b"\0\0\x01\xb3"),
        "flv": (b"FLV\x01",),
        "realmedia": (b".RMF\0\0",),
        "y4m": (b"YUV4MPEG2 ",),
        "ivf": (b"DKIF\0\0",),
        "swf": (b"FWS", b"CWS", b"ZWS"),
        "mxf": (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01",),
        "wtv": (b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d",),
        "nut": (b"nut/multimedia container\0",),
    },
    "audio": {
        "mp3": (b"ID3\x02", b"ID3\x03", b"ID3\x04"),
        "flac": (b"fLaC",),
        "wavpack": (b"wvpk",),
        "ape": (b"MAC ",),
        "tta": (b"TTA1", b"TTA2"),
        "musepack": (b"MPCK", b"MP+"),
        "optimfrog": (b"OFR ",),
        "tak": (b"tBaK",),
        "amr": (b"#!AMR",),
        "au": (b".snd\0",),
        "midi": (b"MThd\0\0\0\x06",),
        "caf": (b"caff\0",),
        "dsf": (b"DSD \x1c\0",),
        "dff": (b"FRM8\0\0",),
        "ac3": (b"\x0b\x77",),
        "dts": (b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80"),
        "realaudio": (b".ra\xfd\0",),
        "tracker": (b"Extended Module:", b"IMPM"),
        "voc": (b"Creative Voice File\x1a",),
        "wave64": (b"riff\x2e\x91\xcf\x11",),
        "adpcm": (b"ADIF",),
        "apetag": (b"APETAGEX",),
    },
    "document": {
        "pdf": (b"%PDF-",),
        "rtf": (b"{\\rtf",),
        "postscript": (b"%!PS", b"\x1b%-12345X@PJL", b"\x04%!"),
        "onenote": (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",),
        "wordperfect": (b"\xffWPC\x10\0\0\0",),
        "djvu": (b"AT&TFORM",),
        "chm": (b"ITSF\x03\0",),
        "winhelp": (b"\x3f\x5f\x03\0",),
        "dvi": (b"\xf7\x02\x01\x83\x92\xc0\x1c\x3b",),
        "word2": (b"\xdb\xa5\x2d\0", b"\xdb\xa5\x21\0", b"\x31\xbe\0\0\0\xab", b"\x32\xbe\0\0\0\xab"),
    },
    "sheet": {
        "biff": (b"\x09\x08\x06\0\0\0\x10\0", b"\x09\x08\x08\0\0\x05", b"\x09\x04\x06\0", b"\x09\x02\x06\0"),
        "lotus": (b"\0\0\x02\0\x06\x04\x06\0", b"\0\0\x1a\0\x00\x10\x04\0", b"\0\0\x1a\0\x02\x10\x04\0"),
    },
    "ebook": {"lit": (b"ITOLITLS",), "lrf": (b"L\0R\0F\0\0\0",), "kfx": (b"CONT\x02\0", b"\xeaDRMION\xee")},
    "mail": {"pst": (b"!BDN",), "tnef": (b"\x78\x9f\x3e\x22",), "dbx": (b"\xcf\xad\x12\xfe",)},
    "archive": {
        "zip": (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"),
        "rar": (b"Rar!\x1a\x07",),
        "7z": (b"7z\xbc\xaf\x27\x1c",),
        "gzip": (b"\x1f\x8b\x08",),
        "bzip2": (b"BZh",),
        "xz": (b"\xfd7zXZ\0",),
        "zstd": (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        "lz4": (b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"),
        "lzip": (b"LZIP\x01", b"LZIP\0"),
        "lzma": (b"\x5d\0\0\x80\0", b"\x5d\0\0\x10\0", b"\x5d\0\0\0\x01", b"\x5d\0\0\0\x04"),
        "compress": (b"\x1f\x9d", b"\x1f\xa0", b"\x1f\x1e"),
        "snappy": (b"\xff\x06\0\0sNaPpY",),
        "cab": (b"MSCF\0\0\0\0", b"ISc("),
        "arj": (b"\x60\xea",),
        "cpio": (b"070701", b"070702", b"070707", b"\xc7\x71"),
        "stuffit": (b"StuffIt", b"SIT!"),
        "wim": (b"MSWIM\0\0\0",),
        "squashfs": (b"hsqs", b"sqsh"),
        "disk": (b"KDMV", b"QFI\xfb", b"# Disk Desc", b"conectix", b"vhdxfile", b"<<< ", b"CISO"),
        "shar": (b"# This is a shell archive",),
        "zpaq": (b"7kSt\xa0", b"zPQ"),
        "alz": (b"ALZ\x01",),
    },
    "font": {
        "opentype": (b"OTTO\0", b"ttcf\0", b"true\0", b"typ1\0"),
        "woff": (b"wOFF", b"wOF2"),
        "type1": (b"%!PS-AdobeFont", b"%!FontType1"),
        "pcf": (b"\x01fcp",),
        "bdf": (b"STARTFONT ",),
        "psf": (b"\x72\xb5\x4a\x86",),
    },
    "data": {
        "sqlite": (b"SQLite format 3\0",),
        "access": (b"\0\x01\0\0Standard ", b"\0\x01\0\0MSISAM "),
        "hdf": (b"\x89HDF\r\n\x1a\n", b"\x0e\x03\x13\x01"),
        "netcdf": (b"CDF\x01", b"CDF\x02", b"CDF\x05"),
        "parquet": (b"PAR1",),
        "arrow": (b"ARROW1\0\0", b"FEA1"),
        "avro": (b"Obj\x01",),
        "orc": (b"ORC",),
        "numpy": (b"\x93NUMPY",),
        "pickle": (b"\x80\x04\x95", b"\x80\x05\x95"),
        "pcap": (
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\xc3\xd4",
            b"\x4d\x3c\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
            b"\x0a\x0d\x0d\x0a",
        ),
        "plist": (b"bplist0",),
        "torrent": (b"d8:announce", b"d7:comment", b"d10:created", b"d13:creation", b"d4:infod", b"d8:encoding"),
        "mo": (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde"),
        "matlab": (b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"),
        "spss": (b"$FL2@(#)", b"$FL3@(#)"),
        "stata": (b"<stata_dta>",),
        "keepass": (b"\x03\xd9\xa2\x9a",),
        "pgp": (b"-----BEGIN PGP",),
        "pem": (b"-----BEGIN ",),
        "keystore": (b"\xfe\xed\xfe\xed",),
        "gltf": (b"glTF\x02",),
        "fbx": (b"Kaydara FBX Binary",),
        "blend": (b"BLENDER",),
        "dwg": (b"AC10",),
        "shapefile": (b"\0\0\x27\x0a\0\0\0\0",),
        "git": (b"PACK\0\0\0\x02", b"DIRC\0\0\0", b"\xfftOc\0\0\0"),
        "gguf": (b"GGUF",),
        "vcard": (b"BEGIN:VCARD", b"BEGIN:VCALENDAR"),
        "subtitles": (b"WEBVTT",),
        "playlist": (b"#EXTM3U", b"[playlist]"),
    },
    "program": {
        "elf": (b"\x7fELF",),
        "macho": (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
        "java": (b"\xca\xfe\xba\xbe", b"\xca\xfe\xd0\x0d"),
        "wasm": (b"\0asm",),
        "dex": (b"dex\n03",),
        "ar": (b"!<arch>\n", b"!<thin>\n"),
        "rpm": (b"\xed\xab\xee\xdb",),
        "xar": (b"xar!\0",),
        "crx": (b"Cr24",),
        "llvm": (b"BC\xc0\xde", b"\xde\xc0\x17\x0b"),
        "lua": (b"\x1bLua",),
        "beam": (b"FOR1",),
        "jmod": (b"JM\x01\0",),
    },
    "other": {"shortcut": (b"L\0\0\0\x01\x14\x02\0",)},
}

# Formats whose first bytes only say which container they are; their kind stands here until it is looked into.
_CONTAINERS: dict[str, tuple[bytes, ...]] = {
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "riff": (b"RIFF", b"RIFX", b"RF64"),
    "iff": (b"FORM",),
    "ogg": (b"OggS\0",),
    "matroska": (b"\x1a\x45\xdf\xa3",),
    "asf": (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",),
}

_ISO_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}

Found = tuple[str, Kind]


def _by_prefix() -> dict[bytes, list[tuple[bytes, Found]]]:
    """Return every signature by its first two bytes, the longest first."""
    table: dict[bytes, list[tuple[bytes, Found]]] = {}
    for kind, formats in _AT_START.items():
        for name, signatures in formats.items():
            for signature in signatures:
                table.setdefault(signature[:2], []).append((signature, (name, kind)))
    for name, signatures in _CONTAINERS.items():
        for signature in signatures:
            table.setdefault(signature[:2], []).append((signature, (name, "other")))
    for rows in table.values():
        rows.sort(key=lambda row: -len(row[0]))
    return table


_TABLE = _by_prefix()


def by_start(head: bytes) -> Found | None:
    """Return the format that a file's first bytes name, and its kind, or None where they name none."""
    for signature, found in _TABLE.get(head[:2], ()):
        if head.startswith(signature) and _is_believed(found[0], signature, head):
            return found
    if head[4:8] in _ISO_BOXES and (head[0] == 0 or _has_control(head)):
        return "isom", "video"
    return _by_pattern(head)


def _is_believed(format: str, signature: bytes, head: bytes) -> bool:
    """Tell whether a signature is more than chance: letters alone may begin a text (`BLENDER tips`, `RIFF raff`)."""
    if format in _DOUBTED:
        return bool(_DOUBTED[format](head))
    return format in _BEGIN_AS_TEXT or _has_control(signature) or not signature.isascii() or _has_control(head)


def _has_control(head: bytes) -> bool:
    start = head[:64]
    return len(start.translate(None, _CONTROL)) != len(start)


_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
_BEGIN_AS_TEXT = frozenset(
    "pdf rtf postscript eps xpm hdr fits amr y4m torrent bdf type1 matlab spss stata".split()  # noqa: SIM905
    + "shar ar pem pgp vcard subtitles playlist".split()  # noqa: SIM905
)

# Two bytes are soon met by chance: these must show more of themselves.
_DOUBTED: dict[str, Callable[[bytes], object]] = {
    "jxl": lambda head: head[:4] == b"\0\0\0\x0c" or (len(head) > 3 and head[2] | head[3]),
    "ac3": lambda head: len(head) > 6 and head[4] >> 6 != 3 and head[4] & 63 < 38 and head[5] >> 3 in (8, 6, 4, 16),
    "arj": lambda head: (
        len(head) > 10 and int.from_bytes(head[2:4], "little") <= 2600 and head[4] in range(30, 44) and head[10] <= 2
    ),
    "compress": lambda head: len(head) > 3 and (head[1] != 0x9D or 9 <= head[2] & 0x1F <= 16),
    "cpio": lambda head: (
        (head[:4] == b"0707" and head[6:14].isalnum())
        or head[6:8] in (b"\xa4\x81", b"\xed\x41", b"\xed\x81", b"\xff\xa1")
    ),
    "swf": lambda head: len(head) > 3 and 1 <= head[3] <= 50,
    "bzip2": lambda head: head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"),
    "disk": lambda head: (head[0] in b"<#" and (b"VirtualBox" in head or b"createType" in head)) or _has_control(head),
    "stuffit": lambda head: head[:4] == b"SIT!" or head.startswith(b"StuffIt (c)"),
    "dwg": lambda head: head[4:6].isdigit(),
    "icns": lambda head: b"\0" in head[4:6],
    "winhelp": lambda head: len(head) > 16,
}


_PNM = re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+\d+\s|P7\nWIDTH |P[Ff]\s+\d+\s+\d+\s")
_SHELL_ARCHIVE = re.compile(rb"#!/bin/sh\n# This is .{0,80}shell archive")


def _by_pattern(head: bytes) -> Found | None:
    if _PNM.match(head):
        return "pnm", "image"
    if _SHELL_ARCHIVE.match(head):
        return "shar", "archive"
    return None
