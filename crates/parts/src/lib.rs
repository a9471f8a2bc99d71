//! Parts of one process, and what they tell each other: [reports](report), [wake-up hints](bell), and the
//! [places](fail_point) where tests make it die.

pub mod bell;
pub mod fail_point;
pub mod report;

pub use bell::Bell;
pub use report::Report;
