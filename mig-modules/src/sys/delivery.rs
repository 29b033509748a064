//! What the network says of packets that do not arrive.

/// A report about a packet that was sent and does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Type of the ICMP message, or of the ICMPv6 message if the packet went over IPv6.
    pub kind: u8,
    /// Code of the message.
    pub code: u8,
    /// The beginning of what was sent in the packet, as far as the report repeats it and as we read it. Whoever sent the report
    /// chose it: a machine on the way, or somebody who pretends to be one.
    pub sent: Vec<u8>,
}
