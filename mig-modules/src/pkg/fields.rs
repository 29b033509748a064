//! Numbers at fixed places of foreign bytes.

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pkg) enum Order {
    Little,
    Big,
}

/// Bytes whose numbers are asked for by place; `None` where they end before.
#[derive(Clone, Copy, Debug)]
pub(in crate::pkg) struct Fields<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl<'a> Fields<'a> {
    pub(in crate::pkg) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, order }
    }

    pub(in crate::pkg) fn little(bytes: &'a [u8]) -> Self {
        Self::new(bytes, Order::Little)
    }

    pub(in crate::pkg) fn big(bytes: &'a [u8]) -> Self {
        Self::new(bytes, Order::Big)
    }

    pub(in crate::pkg) fn u8(&self, place: usize) -> Option<u8> {
        self.bytes.get(place).copied()
    }

    pub(in crate::pkg) fn u16(&self, place: usize) -> Option<u16> {
        self.array(place).map(|bytes| match self.order {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        })
    }

    pub(in crate::pkg) fn u32(&self, place: usize) -> Option<u32> {
        self.array(place).map(|bytes| match self.order {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        })
    }

    pub(in crate::pkg) fn u64(&self, place: usize) -> Option<u64> {
        self.array(place).map(|bytes| match self.order {
            Order::Little => u64::from_le_bytes(bytes),
            Order::Big => u64::from_be_bytes(bytes),
        })
    }

    fn array<const LENGTH: usize>(&self, place: usize) -> Option<[u8; LENGTH]> {
        self.bytes.get(place..)?.first_chunk().copied()
    }
}
