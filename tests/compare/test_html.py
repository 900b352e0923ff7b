#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The HTML report is well-formed, needs nothing from elsewhere and lets no foreign text act. Arguments: html_dump, a capture."""
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

DUMP, CAPTURE = sys.argv[1:3]
VISIBLE_EVIL = "<script src=\"http://evil/\">'&amp;]]>\\x1b[2J\\xff\\xe2\\x80\\xae</style><!--"
KNOWN = set("html head meta title style body header p h1 h2 h3 ul li span code pre strong div table thead tbody tr th td figure "
            "figcaption details summary dl dt dd svg g path rect circle text defs pattern".split())


def page(*args):
    """The document, and its root as an XML parser sees it."""
    text = subprocess.run([DUMP, *args], stdout=subprocess.PIPE, check=True, timeout=120).stdout.decode("utf-8")
    return text, ET.fromstring(re.sub(r"^<!DOCTYPE html>", "", text))


def is_alone(root):
    """Nothing is fetched and nothing runs."""
    for e in root.iter():
        assert e.tag in KNOWN, e.tag
        for name, value in e.attrib.items():
            assert name not in ("href", "src", "srcset", "action", "data") and not name.startswith("on"), (e.tag, name)
            assert "url(" not in value or re.fullmatch(r"url\(#hatch\d+\)", value), value
    style = root.find("head/style").text
    assert "url(" not in style.replace("url(#", "") and "@import" not in style
    csp = [m.get("content") for m in root.iter("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert csp == ["default-src 'none'; style-src 'unsafe-inline'"], csp


def hostile():
    """every text is hostile: all of it is shown, none of it acts"""
    text, root = page()
    is_alone(root)
    assert "\x1b" not in text and "\u202e" not in text
    assert "<script" not in text and "<!--" not in text and "<b>" not in text and "<i>" not in text
    everything = " ".join(root.itertext())
    assert everything.count(VISIBLE_EVIL) > 20, everything.count(VISIBLE_EVIL)
    for words in ("hung in 1", "could not be run", "too few rounds", "not measured", "not significant", "within the noise"):
        assert words in everything, words


def captures():
    """two variants: both are everywhere, each drawing is whole"""
    text, root = page("on=" + CAPTURE, "off=" + CAPTURE)
    is_alone(root)
    assert re.findall(r"https?://[^/]*", text) == ["http://localhost:8080"], "the load's command alone names an address"
    names = [e for e in root.iter("h3") if "".join(e.itertext()).strip().startswith(("on", "off"))]
    assert len(names) >= 6, [ET.tostring(e) for e in names]
    svgs = list(root.iter("svg"))
    timelines = [s for s in svgs if s.findall(".//rect[@class='idle']")]
    assert text.count("The whole run.") == 2 and len(timelines) == 2 + text.count("A part out of its middle.")
    assert all(s.findall(".//g/path") for s in timelines), "nothing ran"
    assert len([s for s in svgs if s.findall(".//path[@class='area v0']") and s.findall(".//path[@class='area v1']")]) >= 3
    assert len([s for s in svgs if s.findall("circle")]) > 10, "ratios"
    numbers = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids)), ids
    for e in root.iter():
        for name in ("x", "y", "width", "height", "cx", "cy", "r"):
            if name in e.attrib and e.tag != "svg":
                assert numbers.fullmatch(e.get(name)), (e.tag, name, e.get(name))
        if e.tag == "path":
            assert re.fullmatch(r"[MmHhVvz0-9. -]+", e.get("d")), e.get("d")[:80]
    assert "nan" not in re.sub(r"<[^>]*>", "", text).lower().split() and "inf" not in text.lower().split()


def one_variant_alone():
    """one variant: no ratio, no crash"""
    _, root = page("alone=" + CAPTURE)
    is_alone(root)
    assert "nothing to compare" in "".join(root.find("body/header/h1").itertext())


CASES = [hostile, captures, one_variant_alone]
print(f"1..{len(CASES)}")
failed = 0
for i, fn in enumerate(CASES, 1):
    try:
        fn()
        print(f"ok {i} - {fn.__doc__}")
    except Exception as e:
        failed = 1
        print(f"not ok {i} - {fn.__doc__}\n# {type(e).__name__}: {e}")
sys.exit(failed)
