//! Integration tests of the stores.

mod sqlite;
