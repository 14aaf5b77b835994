//! The end of a program that imports modules.

use ramscope_kernel::Error;
use ramscope_kernel::module;

/// Unloads the modules of a program that fails on its way, and passes its error on: what it had imported
/// until then would stay in the table otherwise.
pub(crate) fn given_back(names: &[&str], result: Result<(), Error>) -> Result<(), Error> {
    if result.is_err() {
        for name in names {
            // What still keeps it is said by `modules`.
            let _ = module::unload(name);
        }
        module::release_unpinned();
    }
    result
}
