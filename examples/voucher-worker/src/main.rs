//! The worker's program.

fn main() -> std::process::ExitCode {
    voucher_worker::run_program()
}
