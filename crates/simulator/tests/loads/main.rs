//! Load files as tools and people write them. Each correct result is known.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod support;
