use super::*;
use proptest::prelude::*;

/// Versions of one kind from old to new.
fn is_sorted(scheme: Scheme, versions: &[&str]) {
    for (place, left) in versions.iter().enumerate() {
        for (other, right) in versions.iter().enumerate() {
            assert_eq!(scheme.compare(left, right), Ok(place.cmp(&other)), "{scheme:?}: {left} and {right}");
        }
    }
}

fn are_equal(scheme: Scheme, versions: &[&str]) {
    for version in versions {
        assert_eq!(scheme.compare(versions[0], version), Ok(Ordering::Equal), "{scheme:?}: {version}");
    }
}

#[test]
fn tildes_come_before_the_end_of_a_debian_version() {
    is_sorted(
        Scheme::Dpkg,
        &[
            "1.0~~",
            "1.0~rc1-1",
            "1.0",
            "1.0-0.1",
            "1.0-1",
            "1.0-1ubuntu1",
            "1.0-1+deb12u1",
            "1.0a",
            "1.0+b",
            "1.1",
            "1:0.1",
        ],
    );
    are_equal(Scheme::Dpkg, &["1.0", "0:1.0", "1.0-0", "1.00", "01.0"]);
}

#[test]
fn numbers_of_any_length_are_compared_as_numbers() {
    for scheme in [Scheme::Dpkg, Scheme::Rpm, Scheme::Apk, Scheme::Pacman, Scheme::Gem] {
        is_sorted(scheme, &["1.9", "1.10", "1.99999999999999999999998", "1.99999999999999999999999"]);
    }
}

#[test]
fn alpine_suffixes_stand_around_the_plain_version() {
    is_sorted(
        Scheme::Apk,
        &[
            "1.2_alpha",
            "1.2_alpha1",
            "1.2_beta",
            "1.2_pre2",
            "1.2_rc1",
            "1.2",
            "1.2-r0",
            "1.2-r1",
            "1.2_git20240101",
            "1.2_p1",
            "1.2_p1-r3",
            "1.2a",
            "1.2.0",
            "1.2.01",
            "1.2.1",
            "1.10",
        ],
    );
}

#[test]
fn letters_at_the_end_are_older_on_arch() {
    is_sorted(
        Scheme::Pacman,
        &["1.0a", "1.0alpha", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1", "1:0.5"],
    );
    are_equal(Scheme::Pacman, &["1.5-1", "1.5"]);
    is_sorted(Scheme::Pacman, &["1.5-1", "1.5-2", "1.5.1-1"]);
}

#[test]
fn rpm_versions_have_tildes_and_carets() {
    is_sorted(Scheme::Rpm, &["1.0~rc1-1", "1.0-1.el9", "1.0-1.el9_2.3", "1.0^git1-1", "1.0.1-1", "1:0.1-1"]);
}

#[test]
fn semantic_versions_may_lack_parts() {
    is_sorted(Scheme::Semantic, &["0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1", "1.2", "1.10.0"]);
    are_equal(Scheme::Semantic, &["1.2.0", "1.2", "1.2.0+build"]);
}

#[test]
fn go_has_prefixes_and_releases_of_its_own() {
    is_sorted(
        Scheme::Go,
        &[
            "v0.0.0-20230101000000-abcdefabcdef",
            "v0.1.0",
            "go1.21beta1",
            "go1.21rc2",
            "go1.21",
            "1.21.1",
            "v2.0.0+incompatible",
        ],
    );
}

#[test]
fn python_versions_have_releases_before_and_after() {
    is_sorted(Scheme::Python, &["1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1", "1!0.5"]);
    are_equal(Scheme::Python, &["1.0", "1.0.0", "v1.0"]);
}

#[test]
fn letters_make_a_gem_older() {
    is_sorted(Scheme::Gem, &["1.0.a", "1.0.b1", "1.0.b10", "1.0.rc.1", "1.0", "1.0.1", "1.10"]);
    are_equal(Scheme::Gem, &["1.0", "1", "1.0.0"]);
    are_equal(Scheme::Gem, &["1.0.0-1", "1.pre.1", "1.0.pre.1"]);
}

#[test]
fn what_is_no_version_is_an_error_that_names_it() {
    for (scheme, version) in [
        (Scheme::Dpkg, ""),
        (Scheme::Dpkg, "1.0-"),
        (Scheme::Dpkg, "a:1"),
        (Scheme::Dpkg, "1:"),
        (Scheme::Dpkg, "2147483648:1"),
        (Scheme::Dpkg, "1 0"),
        (Scheme::Rpm, ""),
        (Scheme::Apk, "1.2_unknown1"),
        (Scheme::Apk, "1.0-1"),
        (Scheme::Apk, "v1"),
        (Scheme::Semantic, "one"),
        (Scheme::Go, "(devel)"),
        (Scheme::Python, "1.0-custom"),
        (Scheme::Gem, "a.1"),
        (Scheme::Gem, "1..2"),
    ] {
        for error in [scheme.compare(version, "1").unwrap_err(), scheme.compare("1", version).unwrap_err()] {
            assert_eq!((error.scheme, error.version.as_str()), (scheme, version));
        }
    }
    let long = "1".repeat(MAX_VERSION_BYTES + 1);
    assert!(Scheme::Dpkg.compare(&long, "1").is_err());
}

#[test]
fn all_bounds_of_a_constraint_must_hold() {
    let constraint = Constraint::parse(">=1.1, <1.1.1k-1, != 1.1.1a").unwrap();
    let holds = |version| constraint.holds(Scheme::Dpkg, version).unwrap();
    assert_eq!(
        ["1.0", "1.1", "1.1.1a", "1.1.1j-9", "1.1.1k-1"].map(holds),
        [false, true, false, true, false]
    );
    assert!(constraint.holds(Scheme::Dpkg, "").is_err());
}

#[test]
fn a_constraint_that_is_none_is_refused() {
    for text in ["", "1.0", "<", "< ", "<1.0,", "<<1.0", "==1.0", "<1 0", "~1.0", "<é"] {
        assert!(Constraint::parse(text).is_err(), "{text}");
    }
    assert_eq!(Constraint::parse(&"<1,".repeat(100)).unwrap_err(), ConstraintError::TooMany);
}

const ALL: [Scheme; 8] = [
    Scheme::Dpkg,
    Scheme::Rpm,
    Scheme::Apk,
    Scheme::Pacman,
    Scheme::Semantic,
    Scheme::Go,
    Scheme::Python,
    Scheme::Gem,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_turns_round_with_its_sides(left in "[0-9a-c.:_~^+-]{0,8}", right in "[0-9a-c.:_~^+-]{0,8}") {
        for scheme in ALL {
            if let Ok(order) = scheme.compare(&left, &right) {
                prop_assert_eq!(scheme.compare(&right, &left), Ok(order.reverse()), "{:?}", scheme);
                prop_assert_eq!(scheme.compare(&left, &left), Ok(Ordering::Equal));
            }
        }
    }

    #[test]
    fn any_text_is_a_version_or_an_error(left in "\\PC{0,12}", right in "\\PC{0,12}") {
        for scheme in ALL {
            _ = scheme.compare(&left, &right);
        }
        _ = (evr::compare(&left, &right), Constraint::parse(&left));
    }
}
