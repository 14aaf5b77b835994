//! Reads the telemetry of a run that goes on, for the steps that wait for what stands there.

use ramscope_backend::Witness;
use ramscope_capture::Recorder;
use ramscope_model::LiveView;
use ramscope_scenario::Condition;

/// A model that follows the recording, once somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Following(LiveView);

impl Witness for Following {
    fn begin(&mut self, condition: &Condition, recorder: &Recorder) {
        self.0.begin(condition, recorder.capture());
    }

    fn has_come(&mut self, recorder: &Recorder) -> bool {
        self.0.has_come(recorder.capture())
    }

    fn instead(&self) -> String {
        self.0.instead()
    }
}
