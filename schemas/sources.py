"""Contract of `sources`: the cards as a table."""

from __future__ import annotations

from schemas.fields import NAME, Contract, described


class Sources(Contract):
    """One row per raw file."""

    source_id: str = described("Thẻ nguồn", "Card in raw/sources.yml", str_matches=NAME)
    file: str = described("Tệp", "File", str_length={"min_value": 1})
    kind: str = described("Loại", "Kind of reader", isin=["table", "quotes", "register"])
    use: str = described("Mục đích", "Use", isin=["index", "context", "comparison"])
    producer: str = described("Cơ quan lập", "Producer", str_length={"min_value": 1})
    producer_vi: str = described(
        "Cơ quan lập, tên tiếng Việt", "Producer, in Vietnamese", nullable=True
    )
    title: str = described("Tiêu đề", "Title", str_length={"min_value": 1})
    url: str = described("Địa chỉ như nguồn nêu", "Address as given", str_length={"min_value": 1})
    carrier: str = described("Nơi lấy tệp", "Carrier", nullable=True)
    licence: str = described("Giấy phép", "Licence as stated", str_length={"min_value": 1})
    published: str = described("Ngày công bố", "Published", str_length={"min_value": 1})
    accessed: str = described("Ngày truy cập", "Accessed", str_length={"min_value": 1})
    scheme: str = described("Hệ tỉnh", "Scheme of provinces")
    sha256: str = described("SHA-256 của tệp", "SHA-256 of the file", str_matches=r"^[0-9a-f]{64}$")
    proof: str = described("Tệp minh chứng", "File that bears the figures out", nullable=True)
    note: str = described("Ghi chú", "Note", nullable=True)

    proof_status: str = described(
        "Minh chứng: có hay chưa; trống nếu thẻ không nêu",
        "Whether the proof stands; empty when the card names none",
        nullable=True,
        isin=["proven", "unproven"],
    )

    class Config:
        unique = ["source_id"]
