"""What a name says about a file: its extension, and the kind people use that extension for.

The weakest of witnesses: `core.facts.kind` asks it only where the content is silent.
"""

from __future__ import annotations

import os
from typing import Literal

from core.names import split_extension

Kind = Literal[
    "image",
    "video",
    "audio",
    "document",
    "sheet",
    "slides",
    "ebook",
    "mail",
    "archive",
    "code",
    "font",
    "data",
    "program",
    "other",
]

# Written as text: their content says no more than that, so the extension decides.
_TEXT: dict[Kind, str] = {
    "image": "svg xpm xbm",
    "document": "txt text md markdown mkd rst adoc asciidoc org tex latex ltx bib rtf html htm xhtml mht mhtml"
    " log nfo diz fodt typ 1st readme me ps wiki textile",
    "sheet": "csv tsv tab fods",
    "slides": "fodp",
    "ebook": "fb2 opf",
    "mail": "eml emlx mbox mbx",
    "code": "py pyi pyw pyx pxd ipynb c h cc cpp cxx hh hpp hxx inl cu cuh m mm swift kt kts java scala groovy gradle"
    " cs fs fsx vb vbs js mjs cjs jsx ts tsx mts cts vue svelte css scss sass less php phtml rb erb rs go zig nim d"
    " hs lhs ml mli el lisp clj cljs cljc ex exs erl hrl lua pl pm pod t r rmd jl f f90 f95 for pas pp ada adb ads asm"
    " s v vhd vhdl sv sh bash zsh fish ksh csh bat cmd ps1 psm1 awk sed tcl vim cmake mk mak make ninja bazel bzl"
    " dockerfile tf hcl nix patch diff proto thrift graphql gql g4 y yy l lex sol coffee dart feature bats gd glsl frag"
    " vert hlsl metal wat jsp asp aspx cfm ejs hbs mustache j2 jinja jinja2 tmpl in am ac m4 po pot pro qml",
    "font": "bdf",
    "data": "json jsonl ndjson json5 geojson yaml yml toml ini cfg conf config cnf properties xml xsd xsl xslt dtd rng"
    " wsdl rss atom gpx kml tcx sql ldif vcf vcard ics ical ifb plist xmp aae srt vtt sub ass ssa lrc sbv smi"
    " m3u m3u8 pls cue xspf url webloc desktop env lock pem crt cer csr key pub asc sig md5 sha1 sha256 sha512 sfv"
    " nzb opml bibtex ris gcode stl obj mtl ply off x3d dae stp step igs iges dxf pdb fasta fa fastq vtk list map"
    " service socket timer target rels pom ovpn reg",
}

# Binary: content of another sort is the stronger witness.
_BINARY: dict[Kind, str] = {
    "image": "jpg jpeg jpe jfif jif png apng gif bmp dib tif tiff webp heic heif hif avif avifs jxl jp2 j2k j2c jpf jpx"
    " jpc jpm ico cur ani psd psb xcf kra ora ai eps epsf svgz tga icb vda vst pcx dcx pbm pgm ppm pnm pam pfm sgi rgb"
    " rgba bw ras sun hdr rgbe exr dds qoi wmf emf wmz emz cdr icns fits fit fts dcm dng cr2 cr3 crw nef nrw arw srf"
    " sr2 raf orf rw2 rwl pef ptx srw x3f kdc dcr mrw mos mef erf 3fr fff iiq rwz mpo insp sketch afphoto afdesign"
    " clip procreate djv blp wal bpg flif pict pct raw",
    "video": "mp4 m4v mov qt avi mkv webm wmv asf flv f4v mpg mpeg mpe mpv m1v m2v m2ts mts m2t vob ogv ogm 3gp 3g2"
    " 3gpp rm rmvb divx mxf dv mjpeg mjpg y4m nut ivf fli flc swf wtv amv insv lrv 360",
    "audio": "mp3 mp2 mp1 mpga flac ogg oga opus spx m4a m4b m4p m4r aac adts ac3 eac3 dts wav wave bwf rf64 aif aiff"
    " aifc wma ape wv tta mpc mp+ ofr ofs tak mka weba mid midi kar rmi amr awb au snd caf dsf dff ra xm mod s3m it"
    " 8svx voc gsm sf2 shn aax aa alac",
    "document": "pdf doc docx docm dot dotx dotm odt ott sxw wpd wps wri pages one djvu djv xps oxps pub vsd vsdx odg"
    " odf abw hwp hwpx lwp mcw chm hlp dvi",
    "sheet": "xls xlsx xlsm xlsb xlt xltx xltm xlam ods ots sxc numbers gnumeric wk1 wks 123 qpw dif slk",
    "slides": "ppt pptx pptm pps ppsx ppsm pot potx potm odp otp sxi key keynote",
    "ebook": "epub mobi azw azw1 azw3 azw4 kfx prc lit lrf cbz cbr cb7 cbt acsm ibooks pdb tcr",
    "mail": "msg pst ost mbs olm dbx tnef",
    "archive": "zip zipx rar r00 7z tar gz tgz bz2 tbz tbz2 xz txz zst tzst lz tlz lzma lz4 z taz cab arj lzh lha ace"
    " iso img nrg mdf cpio shar sit sitx hqx xar pax wim swm esd squashfs sqsh vhd vhdx vmdk vdi qcow qcow2 ova"
    " dmg br sz whl egg crate gem phar zpaq arc zoo alz",
    "font": "ttf otf ttc otc woff woff2 eot pfb pfa pfm afm pcf fon fnt suit dfont",
    "data": "sqlite sqlite3 db db3 mdb accdb dbf parquet feather arrow avro orc h5 hdf5 hdf nc npy npz pkl pickle"
    " rds rda rdata mat sav dta sas7bdat por pcap pcapng cap torrent mo icc icm kmz shp shx sbn prj qpj gpkg mbtiles"
    " osm pbf bson msgpack cbor fbs onnx pt pth safetensors gguf ckpt tfrecord gpg pgp p7s p7m p12 pfx jks kdbx"
    " idx pack bplist dwg blend fbx glb gltf 3ds 3mf max skp usdz rrd ldb",
    "program": "exe msi msix appx appxbundle com scr dll sys ocx cpl drv so dylib a lib o ko elf out run appimage"
    " deb rpm apk aab ipa xapk jar war ear class dex pyc pyo pyd wasm pkg mpkg flatpak flatpakref snap bundle xpi crx"
    " vsix efi rom nes sfc gba nds n64 rlib rmeta beam mui prx xbe jmod",
}

_OVERRIDES: dict[str, Kind] = {"pdb": "data", "pot": "code", "key": "slides", "map": "data", "vst": "image"}

TEXTUAL: frozenset[str] = frozenset(word for words in _TEXT.values() for word in words.split())
"""Extensions of files that are written as text."""

KINDS: dict[str, Kind] = {
    word: kind for table in (_TEXT, _BINARY) for kind, words in table.items() for word in words.split()
} | _OVERRIDES
"""What each extension (lower case, without its dot) is used for."""

_NAMES: dict[bytes, Kind] = {
    b"makefile": "code",
    b"gnumakefile": "code",
    b"dockerfile": "code",
    b"containerfile": "code",
    b"vagrantfile": "code",
    b"jenkinsfile": "code",
    b"rakefile": "code",
    b"gemfile": "code",
    b"cmakelists.txt": "code",
    b"thumbs.db": "other",
    b"desktop.ini": "other",
    b".ds_store": "other",
}


def extension_of(name: bytes) -> str:
    """Return a name's extension in lower case, without its dot; empty if it has none."""
    return os.fsdecode(split_extension(name)[1][1:]).lower()


def kind_of_name(name: bytes) -> Kind:
    """Return the kind that a file's name (no path) promises: `other` where it promises nothing."""
    return _NAMES.get(name.lower()) or KINDS.get(extension_of(name), "other")
