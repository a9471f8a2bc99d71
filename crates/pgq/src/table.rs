//! Replicated tables: `londiste.table_info`, and what `londiste_rs` adds.

mod capture;
mod captured_key;
mod info;
mod membership;
mod merge_state;
mod overview;
mod partition_notice;
pub mod remark;
mod transition;
mod trouble;

pub use capture::{
    Capture, check_capture, is_whole, refresh_capture, repair_capture, sound_captures, stale_captures,
};
pub use captured_key::{CapturedKey, captured_key, captured_keys, key_remarks};
pub use info::{TableInfo, get, list, several};
pub use membership::{AddOptions, TABLES, add, can_hold, forget, learn, remove, tell_worker, wait_on_root};
pub use merge_state::MergeState;
pub use overview::{alike, analyze_statement, any_waits, shared, with_ancestors};
pub use partition_notice::{
    GonePartition, Kept, forget_partition_notices, gone_partitions, keep_partition_notice, know_gone_rows,
    notice_partitions,
};
pub use transition::{
    advance, advance_each, clear_dropped_ddl, fall_back, leave_hand_overs, lock_and_has_dropped,
    lock_in_copy, set_state, set_states,
};
pub use trouble::{clear_errors, clear_parked_ok, knows_troubles, set_error, troubles};

pub use crate::parking::{NOT_SERVED, OTHER_TABLE, Parked, Parking, is_own_cause, park, parked, resume};
