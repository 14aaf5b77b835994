//! `take-screenshot`: what a screen shows is saved, or compared with what it was to show.
//!
//! Whatever is seen is recorded, so that a failure can be looked at later. Files are relative to the folder
//! of the scenario, as in wokwi-cli; like there, the run ends at the first picture that is wrong.

use std::path::PathBuf;

use ramscope_capture::{HowEnded, ObserverEvent, StepEventKind};
use ramscope_scenario::{Step, TakeScreenshot};

use super::{Driver, failed};
use crate::picture::Picture;

impl Driver<'_> {
    /// Looks at a screen while the device stands still.
    pub(super) fn take_screenshot(
        &mut self,
        step: &Step,
        shot: &TakeScreenshot,
    ) -> Result<String, HowEnded> {
        let part = shot.part_id.to_string();
        let picture = self.line.session.read_screen(&part).map_err(failed)?;
        let (now, png) = (self.line.now(), picture.png());
        self.recorder.event(now, &ObserverEvent::Screen { part: part.clone(), png });
        match self.keep_and_compare(shot, &picture) {
            Ok(done) => Ok(format!("`{part}` {}", done.join(", "))),
            Err(problem) => {
                self.step_event(step, StepEventKind::Failed, &format!("`{part}`: {problem}"));
                Err(HowEnded::StepFailed { step: step.index as u32 })
            }
        }
    }

    fn keep_and_compare(
        &self,
        shot: &TakeScreenshot,
        picture: &Picture,
    ) -> Result<Vec<String>, String> {
        let mut done = Vec::new();
        if let Some(name) = &shot.save_to {
            let written = picture.write(&self.beside_scenario(name));
            written.map_err(|error| format!("`{name}` is not written: {error}"))?;
            done.push(format!("is saved as `{name}`"));
        }
        if let Some(name) = &shot.compare_with {
            let expected = Picture::read(&self.beside_scenario(name)).map_err(|error| {
                format!("`{name}` is not read: {error}; `save-to: {name}` makes it")
            })?;
            if let Some(difference) = picture.difference_from(&expected) {
                return Err(format!("it is not what `{name}` shows: {difference}"));
            }
            done.push(format!("is as in `{name}`"));
        }
        Ok(done)
    }

    fn beside_scenario(&self, name: &str) -> PathBuf {
        PathBuf::from(&self.run.scenario.path).with_file_name("").join(name)
    }
}
