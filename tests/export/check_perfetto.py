#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads a Perfetto trace with nothing but the wire format and a table of the published field numbers.

    check_perfetto.py TRACE     prints what is in it, or what is wrong with it

The numbers are those of github.com/google/perfetto, protos/perfetto/; the exporter has them in its own .proto file, so a
slip in one of the two shows.
"""
import collections
import sys

# message: {field number: (name, type)}. A type that is a message's name is that message; a list is a repeated field.
SCHEMA = {
    "Trace": {1: ("packet", ["TracePacket"])},
    "TracePacket": {
        6: ("clock_snapshot", "ClockSnapshot"), 8: ("timestamp", "uint"), 10: ("trusted_packet_sequence_id", "uint"),
        11: ("track_event", "TrackEvent"), 12: ("interned_data", "InternedData"), 13: ("sequence_flags", "uint"),
        58: ("timestamp_clock_id", "uint"), 59: ("trace_packet_defaults", "TracePacketDefaults"),
        60: ("track_descriptor", "TrackDescriptor")},
    "ClockSnapshot": {1: ("clocks", ["Clock"]), 2: ("primary_trace_clock", "uint")},
    "Clock": {1: ("clock_id", "uint"), 2: ("timestamp", "uint")},
    "TracePacketDefaults": {58: ("timestamp_clock_id", "uint")},
    "InternedData": {1: ("event_categories", ["Interned"]), 2: ("event_names", ["Interned"]),
                     3: ("debug_annotation_names", ["Interned"])},
    "Interned": {1: ("iid", "uint"), 2: ("name", "string")},
    "TrackDescriptor": {
        1: ("uuid", "uint"), 2: ("name", "string"), 3: ("process", "ProcessDescriptor"), 4: ("thread", "ThreadDescriptor"),
        5: ("parent_uuid", "uint"), 8: ("counter", "CounterDescriptor"), 11: ("child_ordering", "uint"),
        12: ("sibling_order_rank", "uint")},
    "ProcessDescriptor": {1: ("pid", "uint"), 2: ("cmdline", ["string"]), 6: ("process_name", "string")},
    "ThreadDescriptor": {1: ("pid", "uint"), 2: ("tid", "uint"), 5: ("thread_name", "string")},
    "CounterDescriptor": {3: ("unit", "uint")},
    "TrackEvent": {
        3: ("category_iids", ["uint"]), 4: ("debug_annotations", ["DebugAnnotation"]), 9: ("type", "uint"),
        10: ("name_iid", "uint"), 11: ("track_uuid", "uint"), 23: ("name", "string"), 30: ("counter_value", "uint")},
    "DebugAnnotation": {1: ("name_iid", "uint"), 2: ("bool_value", "uint"), 3: ("uint_value", "uint"),
                        4: ("int_value", "uint"), 6: ("string_value", "string")},
}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
CLEARED, NEEDS_STATE = 1, 2
MONOTONIC, BOOTTIME, REALTIME = 3, 6, 1


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            assert value < 1 << 64, "a number of more than 64 bits"
            return value, at
        shift += 7


def decode(data, message):
    """The fields of a message as a dictionary; unknown ones and wrong wire types are errors."""
    fields, ret, at = SCHEMA[message], {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        assert number in fields, f"{message} has no field {number}"
        name, kind = fields[number]
        repeated = isinstance(kind, list)
        kind = kind[0] if repeated else kind
        assert wire == (0 if kind == "uint" else 2), f"{message}.{name}: wire type {wire}"
        value, at = varint(data, at)
        if wire == 2:
            size, value = value, data[at:at + value]
            assert len(value) == size, f"{message}.{name} is cut off"
            at += size
            value = value.decode("utf-8") if kind == "string" else decode(value, kind)
        if repeated:
            ret.setdefault(name, []).append(value)
        else:
            ret[name] = value
    return ret


class Slice:
    def __init__(self, track, name, categories, notes, begin, depth):
        self.track, self.name, self.categories, self.notes = track, name, categories, notes
        self.begin, self.end, self.depth = begin, None, depth


class Trace:
    """The trace, with names resolved as a reader does. Raises AssertionError where the format's rules are broken."""

    def __init__(self, data):
        self.slices, self.counters, self.instants, self.tracks, self.clocks = [], [], [], {}, {}
        self.clears = 0
        self._names = None
        self._meaning = {}  # (index, iid) -> name, for ever: an id must not be used for another name
        events = []
        for packet in decode(data, "Trace")["packet"]:
            event = self._packet(packet)
            if event:
                events.append(event)
        events.sort(key=lambda e: e[0])  # stable, as trace_processor's sorter
        self._stacks = collections.defaultdict(list)
        for t, e in events:
            self._event(t, e)
        open_ones = sum(len(s) for s in self._stacks.values())
        assert open_ones == 0, f"{open_ones} slices have no end"
        for uuid, track in self.tracks.items():
            parent = track.get("parent_uuid")
            assert parent is None or parent in self.tracks, f"track {uuid}: no parent {parent}"

    def _packet(self, packet):
        assert packet["trusted_packet_sequence_id"] == 1, packet
        flags = packet["sequence_flags"]
        if flags & CLEARED:
            self.clears += 1
            self._names = {"event_categories": {}, "event_names": {}, "debug_annotation_names": {}}
            self._clock = packet["trace_packet_defaults"]["timestamp_clock_id"]
        else:
            assert flags == NEEDS_STATE and self._names is not None, "needs state that nobody gave"
        for index, entries in packet.get("interned_data", {}).items():
            for e in entries:
                assert e["iid"] and e["name"], e
                assert self._meaning.setdefault((index, e["iid"]), e["name"]) == e["name"], f"{e} means two things"
                self._names[index][e["iid"]] = e["name"]
        if "clock_snapshot" in packet:
            self.clocks = {c["clock_id"]: c["timestamp"] for c in packet["clock_snapshot"]["clocks"]}
            assert packet["clock_snapshot"]["primary_trace_clock"] == MONOTONIC
        if "track_descriptor" in packet:
            d = packet["track_descriptor"]
            assert d["uuid"] not in (0, None)
            old = self.tracks.setdefault(d["uuid"], d)
            assert old.get("name") == d.get("name"), f"{old} and {d}"
            self.tracks[d["uuid"]] = d
        if "track_event" not in packet:
            return None
        assert self._clock == MONOTONIC
        e = packet["track_event"]
        assert e["track_uuid"] in self.tracks, f"track {e['track_uuid']} isn't described before its events"
        # Names are looked up where they stand: what is sorted by time later has other state around it.
        if "name_iid" in e:
            e["name"] = self._names["event_names"][e["name_iid"]]
        e["categories"] = [self._names["event_categories"][i] for i in e.get("category_iids", [])]
        e["notes"] = {}
        for a in e.get("debug_annotations", []):
            values = [v for k, v in a.items() if k != "name_iid"]
            assert len(values) == 1, a
            e["notes"][self._names["debug_annotation_names"][a["name_iid"]]] = values[0]
        return packet["timestamp"], e

    def _event(self, t, e):
        track, stack = e["track_uuid"], self._stacks[e["track_uuid"]]
        if e["type"] == COUNTER:
            assert "counter" in self.tracks[track], track
            self.counters.append((track, t, e["counter_value"]))
        elif e["type"] == INSTANT:
            self.instants.append((track, t, e["name"], e["categories"], e["notes"]))
        elif e["type"] == BEGIN:
            assert "counter" not in self.tracks[track], track
            s = Slice(track, e["name"], e["categories"], e["notes"], t, len(stack))
            stack.append(s)
            self.slices.append(s)
        else:
            assert e["type"] == END and stack, f"an end at {t} without a begin on {self.tracks[track]}"
            stack.pop().end = t

    def track_name(self, uuid):
        d = self.tracks[uuid]
        return d["name"] if "name" in d else f"thread {d['thread']['tid']}" if "thread" in d else "process"

    def top_name(self, uuid):
        """Of the group that a track is in."""
        parent = self.tracks[uuid].get("parent_uuid")
        return self.track_name(parent) if parent else self.track_name(uuid)


def load(path):
    with open(path, "rb") as f:
        return Trace(f.read())


def main():
    trace = load(sys.argv[1])
    print(f"{len(trace.tracks)} tracks, {len(trace.slices)} slices, {len(trace.counters)} counter values")
    for group, n in collections.Counter(trace.top_name(s.track) for s in trace.slices).most_common():
        print(f"{n:9} {group}")


if __name__ == "__main__":
    main()
