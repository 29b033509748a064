//! The program `mig-api`.

fn main() -> std::process::ExitCode {
    mig_api::cli::run()
}
