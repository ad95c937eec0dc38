//! The worker's program; with `check`, its health check.

fn main() -> std::process::ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == "check")
    {
        return voucher_worker::check_health();
    }
    voucher_worker::run_program()
}
