//! Parameters of the module as they travel.

use serde::{Deserialize, Serialize};

/// What the module is asked. Numbers are floating point on the wire; fractions are cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Host name or address.
    pub destination: String,
    /// TCP and UDP: 0 to 65535. Not looked at for ICMP.
    #[serde(rename = "destinationport", skip_serializing_if = "is_zero")]
    pub port: f64,
    /// `icmp`, `tcp` or `udp`.
    pub protocol: String,
    /// How often; 0 means 3.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: f64,
    /// Longest wait for each answer, in seconds; 0 means 5.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}
