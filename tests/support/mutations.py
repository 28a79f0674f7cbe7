"""Damage done to certificates on purpose: of bytes, and of the tree that DER is."""

from __future__ import annotations

from random import Random
from typing import Callable, List, Tuple, Union

Node = Tuple[int, Union[bytes, List["Node"]]]  # tag, and content or children


def decoded(data: bytes) -> List[Node]:
    """Return the elements of well-formed DER as a tree; bit and octet strings stay closed."""
    nodes: List[Node] = []
    while data:
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], "big")
        content = data[start : start + length]
        nodes.append((tag, decoded(content) if tag & 0x20 else content))
        data = data[start + length :]
    return nodes


def encoded(nodes: List[Node]) -> bytes:
    """Return the tree as DER again, all lengths minimal and right."""
    out = b""
    for tag, inside in nodes:
        content = inside if isinstance(inside, bytes) else encoded(inside)
        size = (len(content).bit_length() + 7) // 8
        prefix = bytes([0x80 | size]) if len(content) > 0x7F else b""
        length = prefix + len(content).to_bytes(size or 1, "big")
        out += bytes([tag]) + length + content
    return out


def mutated(der: bytes, random: Random) -> bytes:
    """Return the certificate with one to three pieces of damage."""
    for _ in range(random.choice((1, 1, 1, 2, 3)) if len(der) > 8 else 0):
        der = random.choice(_MUTATIONS)(der, random) or der
    return der


def _flip(der: bytes, random: Random) -> bytes:
    position = random.randrange(len(der))
    return der[:position] + bytes([der[position] ^ 1 << random.randrange(8)]) + der[position + 1 :]


def _insert(der: bytes, random: Random) -> bytes:
    position = random.randrange(len(der))
    noise = bytes(random.randrange(256) for _ in range(random.choice((1, 1, 2, 4))))
    return der[:position] + noise + der[position:]


def _set_early(der: bytes, random: Random) -> bytes:
    position = random.randrange(min(len(der), 64))
    value = random.choice((0, 1, 2, 0x7F, 0x80, 0x81, 0x82, 0xFF, random.randrange(256)))
    return der[:position] + bytes([value]) + der[position + 1 :]


def _truncate(der: bytes, random: Random) -> bytes:
    return der[: random.randrange(8, max(len(der), 9))]


def _swap(der: bytes, random: Random) -> bytes:
    a, b, c = sorted(random.randrange(len(der) + 1) for _ in range(3))
    return der[:a] + der[b:c] + der[a:b] + der[c:]


def _in_tree(der: bytes, random: Random) -> bytes:
    """Damage one element and make every length around it right again."""
    try:
        tree = decoded(der)
        parents = _parents(tree)
        siblings = random.choice(parents)
        index = random.randrange(len(siblings))
        random.choice(_TREE)(siblings, index, random)
        return encoded(tree)
    except (IndexError, RecursionError):
        return der


def _parents(nodes: List[Node]) -> List[List[Node]]:
    found = [nodes] if nodes else []
    for _, inside in nodes:
        if not isinstance(inside, bytes):
            found.extend(_parents(inside))
    return found


def _retag(nodes: List[Node], index: int, random: Random) -> None:
    tags = (1, 2, 3, 4, 5, 6, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1C, 0x1E, 0x30, 0x31)
    nodes[index] = (random.choice((*tags, 0x80, 0x81, 0xA0, 0xA1, 0xA3)), nodes[index][1])


def _refill(nodes: List[Node], index: int, random: Random) -> None:
    size = random.choice((0, 1, 2, 3, 5, 9, 13, 20, 128, 300))
    nodes[index] = (nodes[index][0], bytes(random.randrange(256) for _ in range(size)))


def _edit(nodes: List[Node], index: int, random: Random) -> None:
    tag, inside = nodes[index]
    if isinstance(inside, bytes):
        position = random.randrange(len(inside) + 1)
        noise = bytes([random.choice((0, 1, 0x7F, 0x80, 0xC0, 0xED, 0xFF))])
        nodes[index] = (tag, inside[:position] + noise + inside[position + random.randrange(2) :])


def _drop(nodes: List[Node], index: int, random: Random) -> None:
    del nodes[index]


def _double(nodes: List[Node], index: int, random: Random) -> None:
    nodes.insert(random.randrange(len(nodes) + 1), nodes[index])


def _shuffle(nodes: List[Node], index: int, random: Random) -> None:
    random.shuffle(nodes)


_TREE: Tuple[Callable[[List[Node], int, Random], None], ...] = (
    _retag,
    _refill,
    _edit,
    _edit,
    _drop,
    _double,
    _shuffle,
)
_MUTATIONS: Tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip,
    _flip,
    _insert,
    _set_early,
    _truncate,
    _swap,
    _in_tree,
    _in_tree,
    _in_tree,
    _in_tree,
)
