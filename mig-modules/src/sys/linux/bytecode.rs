//! Programs that the kernel runs over each socket of a dump, so that only those with a wanted other end are sent (`inet_diag`
//! byte code, as `ss` makes it).
//!
//! Networks form a tree that is split where their bits differ first, so that a socket is tested against a few of them only. Of
//! many networks those next to each other are taken together: then some sockets more are sent, and the cost stays the same.

use crate::sys::network::Subnet;
use std::net::IpAddr;

/// Most networks of one family in a program: the kernel checks one in a time that is quadratic in its length.
const MAX_LEAVES: usize = 128;

const CODE_JUMP: u8 = 1;
const CODE_REMOTE_CONDITION: u8 = 8;
const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 10;

/// Where a step leads. All lead forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Step(usize),
    Accept,
    Reject,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Goes on if the other end is inside.
    Inside {
        subnet: Subnet,
        otherwise: Target,
    },
    Jump(Target),
}

impl Step {
    fn length(self) -> usize {
        match self {
            Self::Jump(_) => 4,
            Self::Inside { subnet, .. } if subnet.address().is_ipv4() => 16,
            Self::Inside { .. } => 28,
        }
    }
}

/// A program that lets sockets through whose other end is in one of these networks, and maybe others. `None` if there are no
/// networks.
pub(super) fn program(subnets: &[Subnet]) -> Option<Vec<u8>> {
    if subnets.is_empty() {
        return None;
    }
    let (v4, v6): (Vec<Subnet>, Vec<Subnet>) = subnets.iter().partition(|subnet| subnet.address().is_ipv4());
    let (v4, v6) = (joined(without_inner(v4)), joined(without_inner(v6)));
    let mut steps = Vec::new();
    let behind_v4 = if v6.is_empty() { Target::Reject } else { Target::Step(step_count(v4.len())) };
    tree(&v4, behind_v4, &mut steps);
    tree(&v6, Target::Reject, &mut steps);
    assemble(&steps)
}

/// At most [`MAX_LEAVES`] networks that hold all of these: what lies nearest to each other becomes one.
fn joined(subnets: Vec<Subnet>) -> Vec<Subnet> {
    if subnets.len() <= MAX_LEAVES {
        return subnets;
    }
    let next = subnets.iter().skip(1);
    let gaps = subnets.iter().zip(next).map(|(one, next)| common_bits(one.address(), next.address()));
    let mut gaps: Vec<(u8, usize)> = gaps.zip(1..).collect();
    gaps.sort_unstable();
    let mut ends: Vec<usize> = gaps.into_iter().take(MAX_LEAVES - 1).map(|(_, end)| end).collect();
    ends.push(subnets.len());
    ends.sort_unstable();
    let mut begin = 0;
    let group = |end| {
        let group = subnets.get(std::mem::replace(&mut begin, end)..end)?;
        let (first, last) = (group.first()?, group.last()?);
        let bits = common_bits(first.address(), last.address());
        Some(Subnet::new(first.address(), bits.min(first.prefix())))
    };
    without_inner(ends.into_iter().filter_map(group).collect())
}

/// Sorted networks of which none lies in another.
fn without_inner(mut subnets: Vec<Subnet>) -> Vec<Subnet> {
    // Of two that begin with the same address the wider one comes first.
    subnets.sort();
    let mut kept: Vec<Subnet> = Vec::new();
    for subnet in subnets {
        if !kept.last().is_some_and(|last| last.contains(subnet.address())) {
            kept.push(subnet);
        }
    }
    kept
}

/// Two steps for each network, and one for each division.
fn step_count(subnets: usize) -> usize {
    (3 * subnets).saturating_sub(1)
}

/// Tests these networks; what is in none of them goes to `otherwise`.
fn tree(subnets: &[Subnet], otherwise: Target, steps: &mut Vec<Step>) {
    match subnets {
        [] => {}
        [subnet] => {
            steps.push(Step::Inside { subnet: *subnet, otherwise });
            steps.push(Step::Jump(Target::Accept));
        }
        [first, .., last] => {
            let half = Subnet::new(first.address(), common_bits(first.address(), last.address()) + 1);
            let (left, right) =
                subnets.split_at(subnets.partition_point(|subnet| half.contains(subnet.address())));
            let behind_left = steps.len() + 1 + step_count(left.len());
            steps.push(Step::Inside { subnet: half, otherwise: Target::Step(behind_left) });
            tree(left, otherwise, steps);
            tree(right, otherwise, steps);
        }
    }
}

/// How many bits from the left two addresses of one family share.
fn common_bits(first: IpAddr, second: IpAddr) -> u8 {
    let bits = match (first, second) {
        (IpAddr::V4(first), IpAddr::V4(second)) => (first.to_bits() ^ second.to_bits()).leading_zeros(),
        (IpAddr::V6(first), IpAddr::V6(second)) => (first.to_bits() ^ second.to_bits()).leading_zeros(),
        _ => 0,
    };
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// The bytes of a program: `inet_diag_bc_op` with a jump for "yes" to the next step and one for "no", each followed by
/// `inet_diag_hostcond` where there is a condition.
fn assemble(steps: &[Step]) -> Option<Vec<u8>> {
    let mut places = vec![0];
    for step in steps {
        places.push(places.last()? + step.length());
    }
    let end = *places.last()?;
    let mut bytes = Vec::with_capacity(end);
    for (step, place) in steps.iter().zip(&places) {
        let (code, target) = match step {
            Step::Inside { otherwise, .. } => (CODE_REMOTE_CONDITION, *otherwise),
            Step::Jump(target) => (CODE_JUMP, *target),
        };
        let target = match target {
            Target::Step(number) => *places.get(number)?,
            Target::Accept => end,
            // The kernel's word for no: four bytes behind the end.
            Target::Reject => end + 4,
        };
        bytes.extend([code, u8::try_from(step.length()).ok()?]);
        bytes.extend(u16::try_from(target.checked_sub(*place)?).ok()?.to_ne_bytes());
        if let Step::Inside { subnet, .. } = step {
            condition(*subnet, &mut bytes);
        }
    }
    Some(bytes)
}

/// Family, prefix, filling, port (any) and address.
fn condition(subnet: Subnet, bytes: &mut Vec<u8>) {
    let family = if subnet.address().is_ipv4() { FAMILY_V4 } else { FAMILY_V6 };
    bytes.extend([family, subnet.prefix(), 0, 0]);
    bytes.extend((-1_i32).to_ne_bytes());
    match subnet.address() {
        IpAddr::V4(address) => bytes.extend(address.octets()),
        IpAddr::V6(address) => bytes.extend(address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    /// What the kernel does with a program: follows "yes" and "no" until the end, or four bytes behind it. Also how many steps it took.
    fn run(program: &[u8], address: IpAddr) -> (bool, usize) {
        let (mut place, mut steps) = (0, 0);
        while place < program.len() {
            let op = &program[place..];
            let is_yes = op[0] == CODE_REMOTE_CONDITION && {
                let prefix = op[5];
                let subnet = match op[4] {
                    FAMILY_V4 => {
                        Subnet::new(Ipv4Addr::from(*op[12..].first_chunk::<4>().unwrap()).into(), prefix)
                    }
                    _ => Subnet::new(Ipv6Addr::from(*op[12..].first_chunk::<16>().unwrap()).into(), prefix),
                };
                subnet.contains(address)
            };
            let no = usize::from(u16::from_ne_bytes([op[2], op[3]]));
            place += if is_yes { usize::from(op[1]) } else { no };
            steps += 1;
        }
        assert!(place == program.len() || place == program.len() + 4);
        (place == program.len(), steps)
    }

    #[test]
    fn no_network_has_no_program() {
        assert_eq!(program(&[]), None);
    }

    #[test]
    fn many_addresses_cost_a_few_steps() {
        for count in [100_u32, 10_000] {
            let address = |number: u32| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + number * 1_009));
            let subnets: Vec<Subnet> = (0..count).map(|number| address(number).into()).collect();
            let program = program(&subnets).unwrap();
            assert!(program.len() <= MAX_LEAVES * 36);
            for subnet in &subnets {
                let (is_accepted, steps) = run(&program, subnet.address());
                assert!(is_accepted && steps <= 34, "{steps}");
            }
            assert!(!run(&program, Ipv4Addr::LOCALHOST.into()).0);
        }
    }

    fn subnet() -> impl Strategy<Value = Subnet> {
        prop_oneof![
            (0_u32..4096, 20_u8..=32)
                .prop_map(|(bits, prefix)| Subnet::new(Ipv4Addr::from_bits(bits).into(), prefix)),
            (0_u128..4096, 116_u8..=128)
                .prop_map(|(bits, prefix)| Subnet::new(Ipv6Addr::from_bits(bits).into(), prefix)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_program_accepts_what_its_networks_hold(subnets in proptest::collection::vec(subnet(), 1..20), bits in 0_u32..4096) {
            let program = program(&subnets).unwrap();
            for address in [IpAddr::from(Ipv4Addr::from_bits(bits)), Ipv6Addr::from_bits(bits.into()).into()] {
                let expected = subnets.iter().any(|subnet| subnet.contains(address));
                prop_assert_eq!(run(&program, address).0, expected);
            }
        }
    }
}
