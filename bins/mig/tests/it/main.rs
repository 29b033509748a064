//! The program from outside: real processes, real files, a state directory for each test.

mod answers;
mod help;
mod killed;
mod refused;
mod support;
