//! Addresses and networks as the original reads them: those of Go.

use std::{
    fmt::{self, Display, Formatter},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A network, or a single address as the smallest one. IPv4 networks in mapped form are IPv4 networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    /// The lowest address inside.
    address: IpAddr,
    /// Bits that all addresses inside share, from the left: at most 32 or 128.
    prefix: u8,
}

/// Why a text is no address or network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// It has a slash.
    #[error("invalid CIDR address: {0}")]
    Network(String),
    /// It has none.
    #[error("invalid IP address: {0}")]
    Address(String),
}

impl Subnet {
    /// The addresses that share `prefix` bits with this one; a prefix that is too long counts as the longest.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        match address {
            IpAddr::V4(address) => Self::v4(address, prefix.min(32)),
            IpAddr::V6(address) => Self::v6(address, prefix.min(128)),
        }
    }

    fn v4(address: Ipv4Addr, prefix: u8) -> Self {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Self { address: Ipv4Addr::from_bits(address.to_bits() & mask).into(), prefix }
    }

    fn v6(address: Ipv6Addr, prefix: u8) -> Self {
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        let address = Ipv6Addr::from_bits(address.to_bits() & mask);
        match (address.to_ipv4_mapped(), prefix.checked_sub(96)) {
            (Some(address), Some(prefix)) => Self { address: address.into(), prefix },
            _ => Self { address: address.into(), prefix },
        }
    }

    /// The lowest address inside.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Bits that all addresses inside share.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether an address lies inside. A mapped address is an IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && Self::new(address, self.prefix).address == self.address
    }
}

impl From<IpAddr> for Subnet {
    fn from(address: IpAddr) -> Self {
        Self::new(address, u8::MAX)
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    /// Reads an address, or a network if there is a slash behind the first character. Zones and leading zeros of octets are
    /// refused; host bits are dropped.
    fn from_str(text: &str) -> Result<Self, SubnetError> {
        match text.split_once('/') {
            Some((address, prefix)) if !address.is_empty() => {
                network(address, prefix).ok_or_else(|| SubnetError::Network(text.to_owned()))
            }
            _ => text.parse::<IpAddr>().map(Self::from).map_err(|_| SubnetError::Address(text.to_owned())),
        }
    }
}

fn network(address: &str, prefix: &str) -> Option<Subnet> {
    let address: IpAddr = address.parse().ok()?;
    // The parser of integers would take a sign.
    let prefix = prefix.bytes().all(|byte| byte.is_ascii_digit()).then_some(prefix)?;
    let prefix: u32 = prefix.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = u8::try_from(prefix).ok().filter(|prefix| *prefix <= longest)?;
    Some(Subnet::new(address, prefix))
}

impl Display for Subnet {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_internet_of_one_version_has_nothing_of_the_other() {
        let all4: Subnet = "0.0.0.0/0".parse().unwrap();
        let all6: Subnet = "::/0".parse().unwrap();
        for (address, in4, in6) in
            [("255.0.0.1", true, false), ("::ffff:1.2.3.4", true, false), ("::1", false, true)]
        {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!((all4.contains(address), all6.contains(address)), (in4, in6), "{address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/24",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/8/8",
            "1.2.3/8",
            "::1%lo/64",
        ] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_network_holds_its_own_addresses_and_reads_back(address: IpAddr, prefix: u8) {
            let subnet = Subnet::new(address, prefix);
            // Of a mapped address and less than 96 bits Go makes an IPv6 network, which holds no mapped address.
            prop_assert!(address.to_canonical() != address || subnet.contains(address));
            prop_assert_eq!(subnet.to_string().parse::<Subnet>().unwrap(), subnet);
        }

        #[test]
        fn any_text_is_taken_or_refused(text in "[0-9a-f:./%]{0,40}") {
            _ = text.parse::<Subnet>().is_ok();
        }
    }
}
