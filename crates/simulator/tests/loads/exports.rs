//! Exports of tools.
