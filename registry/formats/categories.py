"""The categories of crates.io (crates-io-api reference, appendix B), described by us."""

from dataclasses import dataclass

# slug | name of its last part | what belongs there
_TEXT = """
accessibility | Accessibility | Helps people with disabilities to use software.
aerospace | Aerospace | Software for aircraft and spacecraft.
aerospace::drones | Drones | Controls and simulates small uncrewed aircraft.
aerospace::protocols | Protocols | Speaks the protocols of aviation.
aerospace::simulation | Simulation | Simulates flight and orbits.
aerospace::space-protocols | Space protocols | Speaks the protocols of space missions.
aerospace::unmanned-aerial-vehicles | Unmanned aerial vehicles | Flies and guides uncrewed vehicles.
algorithms | Algorithms | Sorts, searches, hashes and walks graphs.
api-bindings | API bindings | Wraps the API of a service in Rust's own manner.
artificial-intelligence | Artificial intelligence | Machine learning and language models.
asynchronous | Asynchronous | Runs tasks without blocking: executors, futures, streams.
authentication | Authentication | Finds out who somebody is and what they may do.
automotive | Automotive | Software for cars and other road vehicles.
caching | Caching | Keeps results so that they need not be computed again.
command-line-interface | Command line interface | Arguments, prompts and progress.
command-line-utilities | Command line utilities | Programs to run in a terminal.
compilers | Compilers | Builds compilers and interpreters.
compression | Compression | Makes data smaller and restores it.
computer-vision | Computer vision | Understands images and video.
concurrency | Concurrency | Threads, locks, channels and parallel work.
config | Configuration | Reads and manages the configuration of programs.
cryptography | Cryptography | Encrypts, signs, hashes and verifies.
cryptography::cryptocurrencies | Cryptocurrencies | Digital money, wallets and blockchains.
data-structures | Data structures | Ways to arrange data in memory.
database | Database interfaces | Speaks with databases.
database-implementations | Database implementations | Databases that are written in Rust.
date-and-time | Date and time | Calendars, clocks, durations and time zones.
development-tools | Development tools | Helps to write, check and ship software.
development-tools::build-utils | Build utils | Used in build scripts and build pipelines.
development-tools::cargo-plugins | Cargo plugins | Adds commands to cargo.
development-tools::debugging | Debugging | Logs, traces and finds faults.
development-tools::ffi | FFI | Helps to call other languages and be called by them.
development-tools::procedural-macro-helpers | Procedural macro helpers | Helps to write them.
development-tools::profiling | Profiling | Measures how fast programs are and what they use.
development-tools::testing | Testing | Tests, mocks and checks programs.
email | Email | Writes, sends, receives and reads mail.
embedded | Embedded development | For microcontrollers and other small devices.
emulators | Emulators | Imitates other machines.
encoding | Encoding | Turns data from one form into another.
external-ffi-bindings | External FFI bindings | Plain bindings to libraries of other languages.
filesystem | Filesystem | Works with files, folders and paths.
finance | Finance | Money, accounts, markets and payments.
game-development | Game development | Parts that games are made of.
game-engines | Game engines | Whole engines to build games on.
games | Games | Games to play.
graphics | Graphics | Draws and changes pictures.
gui | GUI | Windows, widgets and other graphical interfaces.
hardware-support | Hardware support | Speaks with particular chips and devices.
internationalization | Internationalization (i18n) | Prepares software for many languages.
localization | Localization (L10n) | Adapts software to one language and region.
mathematics | Mathematics | Numbers, algebra, geometry and statistics.
memory-management | Memory management | Allocates, pools and collects memory.
multimedia | Multimedia | Sound, pictures and video.
multimedia::audio | Audio | Plays, records and processes sound.
multimedia::encoding | Encoding | Encodes and decodes media.
multimedia::images | Images | Reads, writes and processes images.
multimedia::video | Video | Plays, records and processes video.
network-programming | Network programming | Sockets, protocols and services.
no-std | No standard library | Works without the standard library.
no-std::no-alloc | No dynamic allocation | Works without allocating memory.
os | Operating systems | Bindings to what operating systems offer.
os::android-apis | Android APIs | What Android offers.
os::freebsd-apis | FreeBSD APIs | What FreeBSD offers.
os::linux-apis | Linux APIs | What Linux offers.
os::macos-apis | macOS APIs | What macOS offers.
os::unix-apis | Unix APIs | What Unix systems have in common.
os::windows-apis | Windows APIs | What Windows offers.
parser-implementations | Parser implementations | Reads one particular format or language.
parsing | Parser tooling | Helps to write parsers.
rendering | Rendering engines | Draws scenes in two or three dimensions.
rendering::data-formats | Data formats | Reads and writes scenes, meshes and textures.
rendering::engine | Rendering engine | Whole engines that render scenes.
rendering::graphics-api | Graphics APIs | Speaks with graphics hardware.
rust-patterns | Rust patterns | Idioms and helpers of the language itself.
science | Science | Software for research.
science::bioinformatics | Bioinformatics | Works with biological data.
science::bioinformatics::genomics | Genomics | Works with genomes.
science::bioinformatics::proteomics | Proteomics | Works with proteins and their spectra.
science::bioinformatics::sequence-analysis | Sequence analysis | Aligns and compares sequences.
science::computational-biology | Computational biology | Models living systems.
science::computational-biology::structural-modeling | Structural modeling | Shapes of molecules.
science::computational-biology::systems-biology | Systems biology | Whole living systems.
science::computational-chemistry | Computational chemistry | Computes what molecules do.
science::computational-chemistry::cheminformatics | Cheminformatics | Describes chemical compounds.
science::computational-chemistry::electronic-structure | Electronic structure | Models electrons.
science::computational-chemistry::molecular-simulation | Molecular simulation | Moves molecules.
science::geo | Geoscience | Maps, coordinates and the earth.
science::materials | Materials | Properties and design of materials.
science::neuroscience | Neuroscience | Studies brains and nerves.
science::quantum-computing | Quantum computing | Programs and simulates quantum computers.
science::robotics | Robotics | Plans for and controls robots.
security | Security | Finds, prevents and repairs weaknesses.
simulation | Simulation | Imitates how systems behave over time.
template-engine | Template engine | Fills templates with data.
text-editors | Text editors | Editors and what they are made of.
text-processing | Text processing | Searches, compares and changes text.
value-formatting | Value formatting | Shows values in a form for people.
virtualization | Virtualization | Virtual machines and containers.
visualization | Visualization | Shows data as plots and pictures.
wasm | WebAssembly | Builds for, runs or speaks with WebAssembly.
web-programming | Web programming | Software for the web.
web-programming::http-client | HTTP client | Sends HTTP requests.
web-programming::http-server | HTTP server | Answers HTTP requests.
web-programming::websocket | WebSocket | Speaks WebSocket, as server or client.
"""


@dataclass(frozen=True, slots=True)
class CategoryText:
    """`name` is that of the slug's last part."""

    slug: str
    name: str
    description: str


CATEGORIES = tuple(
    CategoryText(*(part.strip() for part in line.split(" | ")))
    for line in _TEXT.split("\n")
    if line
)
CATEGORY_SLUGS = frozenset(category.slug for category in CATEGORIES)
